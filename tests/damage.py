"""Ways to damage a file: of any kind, and of texts, JSON, YAML, ONNX, HDF5 and npz in particular.

Every function takes the content and a seeded `random.Random`, and gives other content.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import h5py
import numpy as np
import onnx
import yaml

Damage = Callable[[bytes, random.Random], bytes]


class Raw(str):
    """Text that stands in JSON as it is."""

    __slots__ = ()


HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 3, 63, 64, 65, 513, 1 << 31, 1 << 63, 10**18, 10**200,
    -(10**18), 0.5, -0.0, 1e308, 5e-324, "", "x", "a\nb", "a\x1b[31mb", "é", "\x00", "../../x",
    "/etc/passwd", "x" * 5000, [], {}, [[]], [0], [None], {"a": 1}, [1] * 500,
    Raw("NaN"), Raw("Infinity"), Raw("1e999"), Raw("1" * 10_000), Raw(r'"\ud800"'),
    Raw("[" * 60 + "]" * 60), Raw("[" * 50_000 + "]" * 50_000),
)  # fmt: skip


def flip_bits(content: bytes, rng: random.Random) -> bytes:
    """One to four bits, often close to the start, where formats keep what they are."""
    found = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        end = len(found) if rng.random() < 0.7 else min(len(found), 400)
        found[rng.randrange(end)] ^= 1 << rng.randrange(8)
    return bytes(found)


def truncate(content: bytes, rng: random.Random) -> bytes:
    """Cut off, anywhere."""
    return content[: rng.randrange(len(content))]


def overwrite(content: bytes, rng: random.Random) -> bytes:
    """Zeros, ones or noise over a block: a bad sector, a half-written page."""
    start, size = rng.randrange(len(content)), rng.choice((1, 4, 16, 512, 4096))
    block = rng.choice((b"\x00" * size, b"\xff" * size, rng.randbytes(size)))
    return (content[:start] + block + content[start + size :])[: len(content)]


def drop(content: bytes, rng: random.Random) -> bytes:
    """A piece is missing."""
    start = rng.randrange(len(content))
    return content[:start] + content[start + rng.randrange(1, 64) :]


def insert(content: bytes, rng: random.Random) -> bytes:
    """A piece of its own, or noise, comes in between."""
    start, other = rng.randrange(len(content)), rng.randrange(len(content))
    piece = rng.choice((content[other : other + rng.randrange(1, 64)], rng.randbytes(8), b"\n"))
    return content[:start] + piece + content[start:]


BYTES: tuple[Damage, ...] = (flip_bits, flip_bits, truncate, overwrite, drop, insert)


def json_value(content: bytes, rng: random.Random) -> bytes:
    """A value of another kind, a key that is gone, renamed or doubled."""
    data = json.loads(content)
    changed = _changed(data, rng)
    return _json(changed).encode("utf-8", "surrogatepass")


def yaml_value(content: bytes, rng: random.Random) -> bytes:
    """The same in YAML, which here holds JSON, and now and then its own tricks."""
    data = yaml.safe_load(content)
    text = _json(_changed(data, rng))
    tricks = (
        "&a [*a]", "!!python/object/apply:os.getcwd []", "!!timestamp x", "{a: &b [1], c: *b}",
        "!!binary x", "? [1]\n: 2", "1: a\n1.0: b", "\t", "a: b: c", "[" * 3000, "0x" + "f" * 9000,
    )  # fmt: skip
    if rng.random() < 0.2:
        text = text.replace(rng.choice(text.split()), rng.choice(tricks), 1)
    return text.encode("utf-8", "surrogatepass")


def _changed(data: Any, rng: random.Random) -> Any:
    """A copy of plain data in which one thing, anywhere, is different."""
    places = list(_places(data))
    if not places or rng.random() < 0.03:
        return rng.choice(HOSTILE)
    holder, key = places[rng.randrange(len(places))]
    action = rng.random()
    if action < 0.7 or isinstance(holder, list):
        holder[key] = rng.choice(HOSTILE)
    elif action < 0.8:
        del holder[key]
    elif action < 0.9:
        holder[rng.choice(("surprise", str(key) + "x", "", "a\nb"))] = holder.pop(key)
    else:
        holder[Twice(key)] = holder[key]
    return data


class Twice(str):
    """A key that is equal to none, so that a dict holds it a second time."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


def _places(data: Any) -> Any:
    keys = data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for key in list(keys):
        yield data, key
        yield from _places(data[key])


def _json(value: Any) -> str:
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(k))}: {_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    return json.dumps(value)


def onnx_field(content: bytes, rng: random.Random) -> bytes:
    """One field of any message in an ONNX file is other than it was."""
    model = onnx.load_model_from_string(content)
    messages = list(_messages(model))
    for _ in range(20):
        message = messages[rng.randrange(len(messages))]
        fields = message.ListFields()
        if not fields:
            continue
        field, value = fields[rng.randrange(len(fields))]
        try:
            _change_field(message, field, value, rng)
        except (TypeError, ValueError, AttributeError):  # not a value that this field can have
            continue
        return bytes(model.SerializeToString())
    return flip_bits(content, rng)


def _messages(message: Any) -> Any:
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for each in value if hasattr(value, "add") else [value]:
                yield from _messages(each)


def _change_field(message: Any, field: Any, value: Any, rng: random.Random) -> None:
    numbers = (0, -1, 1, 2, 3, 5, 14, 16, 1 << 20, 1 << 31, (1 << 63) - 1, -(1 << 63))
    if hasattr(value, "append") or hasattr(value, "add"):
        action = rng.randrange(3)
        if action == 0 or not len(value):
            message.ClearField(field.name)
        elif action == 1:
            del value[rng.randrange(len(value))]
        elif field.message_type is not None:
            value.add().CopyFrom(value[rng.randrange(len(value))])
        elif isinstance(value[0], int):
            value[rng.randrange(len(value))] = rng.choice(numbers)
        else:
            value[rng.randrange(len(value))] = rng.choice(("", "x", "a\nb", b"\xff"))
    elif field.message_type is not None or rng.random() < 0.1:
        message.ClearField(field.name)
    elif isinstance(value, bool | int):
        setattr(message, field.name, rng.choice(numbers))
    elif isinstance(value, float):
        setattr(message, field.name, rng.choice((float("nan"), float("inf"), -1.0, 0.0, 3.0)))
    elif isinstance(value, bytes):
        noise = (b"", b"\xff\xfe", value[:-1], value * 2, rng.randbytes(len(value)))
        nan = np.array([rng.choice((np.nan, np.inf, -1.0, 0.75, 1e30))], "<f4").tobytes()
        setattr(message, field.name, rng.choice((*noise, nan)))
    else:
        setattr(message, field.name, rng.choice(("", "x", "a\nb", value + "x", "Softmax")))


def hdf5_object(content: bytes, rng: random.Random) -> bytes:
    """A dataset or attribute of another type, shape or value; or none."""
    memory = io.BytesIO(content)
    with h5py.File(memory, "r+") as file:
        holders = [file]
        file.visititems(lambda name, each: holders.append(each))
        holder = holders[rng.randrange(len(holders))]
        names = sorted(holder.attrs)
        if names and (isinstance(holder, h5py.File) or rng.random() < 0.5):
            name = rng.choice(names)
            _change_attribute(holder.attrs, name, rng)
        else:
            _change_dataset(file, rng)
    return memory.getvalue()


def _change_attribute(attributes: Any, name: str, rng: random.Random) -> None:
    value = attributes[name]
    del attributes[name]
    text = value if isinstance(value, str) else "x"
    values = (
        7, 1.5, "", "x", "[]", "{}", "[1]", "null", "[" * 3000, '{"a": NaN}', b"\xff\xfe",
        np.zeros(3), np.array(["a", "b"], "S"), text[:-1], text + text, text.replace("t", "T"),
        np.float32(np.nan), 10**6, -1,
    )  # fmt: skip
    if rng.random() < 0.85:
        attributes[name] = rng.choice(values)


def _change_dataset(file: Any, rng: random.Random) -> None:
    names: list[str] = []
    file.visititems(lambda name, each: names.append(name))
    name = rng.choice(names)
    values = np.zeros(3)
    if isinstance(file[name], h5py.Dataset):
        with suppress(OSError):  # compressed by what h5py does not know: other values all the same
            values = file[name][()]
    kept = dict(file[name].attrs)
    del file[name]
    others: list[Any] = [
        None, 3, np.zeros(0), np.zeros((2, 2)), np.array(["x"], "S"), "text",
        np.zeros((2, 0, 4)), np.full(5, np.nan), np.arange(12), np.full(12, 2.0**62),
    ]  # fmt: skip
    if isinstance(values, np.ndarray) and values.ndim:
        others += [values[:-1], values[:0], np.concatenate([values, values]), values[None]]
        if values.dtype.names is None and values.dtype.kind in "fiub":
            others += [values.astype("f4") * np.nan, -values.astype("f8"), values.astype("i1")]
            others += [values.astype("f8") * 1e200, values.astype("S8")]
    changed = rng.choice(others)
    if changed is not None:
        file[name] = changed
        if rng.random() < 0.7:
            for key, value in kept.items():
                file[name].attrs[key] = value


def npz_array(content: bytes, rng: random.Random) -> bytes:
    """An array of another type or shape, an array too few."""
    with np.load(io.BytesIO(content)) as stored:
        arrays = {name: stored[name] for name in stored.files}
    name = rng.choice(sorted(arrays))
    old = arrays.pop(name)
    others = (
        None, np.zeros(0), np.zeros((3, 3)), np.array("x"), np.float64(np.nan), np.int64(-1),
        old.astype("S"), old[None], old.ravel()[:1], old.astype("c8"), old * -1.0, old * np.nan,
    )  # fmt: skip
    changed = rng.choice(others)
    if changed is not None:
        arrays[name] = changed
    memory = io.BytesIO()
    np.savez_compressed(memory, **arrays)
    return memory.getvalue()


def torch_value(content: bytes, rng: random.Random) -> bytes:
    """Something else that torch wrote."""
    import torch

    data = torch.load(io.BytesIO(content), weights_only=True)
    state = data["state"] if isinstance(data, dict) and "state" in data else {}
    if state and rng.random() < 0.8:
        name = rng.choice(list(state))
        value = state.pop(name)
        tensor = value if torch.is_tensor(value) else torch.zeros(1)
        others = (None, torch.zeros(0), torch.zeros(2, 3), "x", 3, [1], tensor.flatten()[:1])
        others += (tensor.to(torch.complex64), tensor[None], torch.zeros(1).expand(10**6, 10**6))
        changed = rng.choice(others)
        if rng.random() < 0.8:
            state[name] = changed
        else:
            state["surprise"] = changed
    else:
        data = rng.choice((None, 3, [], {}, {"model": 3, "state": {}}, torch.zeros(3), "x"))
    memory = io.BytesIO()
    torch.save(data, memory)
    return memory.getvalue()


def text_token(content: bytes, rng: random.Random) -> bytes:
    """A word or number of a text is another one."""
    lines = content.decode("utf-8").split("\n")
    places = [k for k, line in enumerate(lines) if line.strip()]
    k = rng.choice(places)
    words = lines[k].split(" ")
    others = ("nan", "-inf", "1e400", "9" * 5000, "-1", "?", "", "|", "x", "0", "a b", "<a>" * 3000)
    words[rng.randrange(len(words))] = rng.choice(others)
    lines[k] = " ".join(words)
    if rng.random() < 0.2:
        del lines[rng.choice(places)]
    return "\n".join(lines).encode()


def xml_value(content: bytes, rng: random.Random) -> bytes:
    """The text of an element is another one; entities, nesting."""
    text = content.decode("utf-8")
    start = text.find(">", rng.randrange(len(text) - 20)) + 1
    end = text.find("<", start)
    others = ("nan", "inf", "-1", "1e999", "9" * 5000, "", "x", "&a;", "<a>" * 50_000, "<LUT/>")
    return (text[:start] + rng.choice(others) + text[max(end, start) :]).encode()
