"""Configs: strict reading, errors that name the place, and a dump that reads back equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triggernet.config import dump_config, load_config, parse_override
from triggernet.errors import ConfigError


@dataclass(frozen=True)
class Schedule:
    epochs: int = 140
    rate: float = 1e-3
    kind: Literal["cosine", "flat"] = "cosine"
    warm_up: int | None = None

    def __post_init__(self) -> None:
        if self.warm_up is not None and self.warm_up > self.epochs:
            raise ConfigError(f"warm_up {self.warm_up} is longer than epochs {self.epochs}")


@dataclass(frozen=True)
class Model:
    name: str = "nanopelican"
    beams: bool = False
    widths: tuple[int, ...] = (12, 16)
    window: tuple[float, float] = (-1.0, 1.0)
    schedule: Schedule = field(default_factory=Schedule)
    extra: Mapping[str, float] = field(default_factory=dict)
    limit: int | str = "none"
    share: float | int = 0.5
    rounding: Literal[0, 1] = 0
    checkpoint: Path | None = None


@dataclass(frozen=True)
class Needy:
    seed: int


def test_nothing_gives_the_defaults():
    assert load_config(Model) == Model()
    assert load_config(Model, {}) == Model()


def test_an_empty_file_gives_the_defaults(tmp_path):
    path = tmp_path / "empty.yaml"
    path.write_text("# nothing\n")
    assert load_config(Model, path) == Model()


def test_values_get_the_annotated_types():
    config = load_config(
        Model,
        {
            "widths": [1, 2, 3],
            "window": [0, 2],
            "schedule": {"rate": 1, "warm_up": 4},
            "checkpoint": "a/b.pt",
        },
    )
    assert config.widths == (1, 2, 3)
    assert config.window == (0.0, 2.0)
    assert type(config.window[0]) is float
    assert type(config.schedule.rate) is float
    assert config.schedule.warm_up == 4
    assert config.checkpoint == Path("a/b.pt")


def test_yaml_numbers_are_those_of_version_1_2(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("name: no\nschedule: {rate: 1e-5, epochs: 200}\nextra: {a: 1:30}\n")
    with pytest.raises(ConfigError, match=r"run.yaml: extra.a: expected a finite number.*'1:30'"):
        load_config(Model, path)
    config = load_config(Model, path, {"extra": {"a": 2}})
    assert (config.name, config.schedule.rate) == ("no", 1e-5)


@pytest.mark.parametrize(
    ("given_values", "message"),
    [
        ({"schedule": {"epochs": "ten"}}, r"schedule.epochs: expected an integer, found 'ten' \(s"),
        ({"schedule": {"epochs": 1.0}}, r"expected an integer, found 1.0 \(float\)"),
        ({"schedule": {"epochs": True}}, r"expected an integer, found True \(bool\)"),
        ({"schedule": {"epochs": None}}, r"expected an integer, found nothing \(null\)"),
        ({"schedule": {"rate": True}}, r"schedule.rate: expected a finite number"),
        ({"schedule": {"rate": "1e-3"}}, r"expected a finite number, found '1e-3' \(str\)"),
        ({"schedule": {"rate": float("nan")}}, r"expected a finite number, found nan"),
        ({"schedule": {"rate": float("inf")}}, r"expected a finite number, found inf"),
        ({"schedule": {"rate": 10**400}}, r"expected a finite number, found 1000.*\.\.\. \(int\)"),
        ({"schedule": {"kind": "cosin"}}, r"schedule.kind: expected one of cosine, flat; found 'c"),
        ({"schedule": {"warm_up": 1.5}}, r"schedule.warm_up: expected an integer"),
        ({"schedule": 3}, r"schedule: expected keys and values, found 3"),
        ({"name": 3}, r"name: expected a text, found 3 \(int\)"),
        ({"beams": "yes"}, r"beams: expected true or false, found 'yes'"),
        ({"beams": 1}, r"beams: expected true or false, found 1"),
        ({"widths": 12}, r"widths: expected a list, found 12"),
        ({"widths": [12, "x"]}, r"widths.1: expected an integer, found 'x'"),
        ({"window": [1.0]}, r"window: expected a list of 2, found \[1.0\]"),
        ({"extra": {"a": "b"}}, r"extra.a: expected a finite number"),
        ({"extra": {1: 2.0}}, r"extra: expected a text as key, found 1 \(int\)"),
        ({"limit": 1.5}, r"limit: expected an integer or a text, found 1.5"),
        ({"rounding": True}, r"rounding: expected one of 0, 1; found True \(bool\)"),
        ({"share": "half"}, r"share: expected a finite number or an integer, found 'half'"),
        ({"checkpoint": 5}, r"checkpoint: expected a path, found 5"),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_refused(given_values, message):
    with pytest.raises(ConfigError, match=message):
        load_config(Model, given_values)


def test_an_unknown_key_is_refused_with_the_nearest_known_one(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("schedule:\n  epoch: 3\n")
    expected = r"run\.yaml: schedule\.epoch: unknown key; did you mean 'epochs'\?"
    with pytest.raises(ConfigError, match=expected):
        load_config(Model, path)


def test_an_unknown_key_like_no_other_is_refused_with_all_known_ones():
    with pytest.raises(ConfigError, match=r"^zzz: unknown key; known here: seed$"):
        load_config(Needy, {"zzz": 1})


def test_a_missing_key_is_named():
    with pytest.raises(ConfigError, match=r"^seed: this key is missing"):
        load_config(Needy)


def test_a_contradiction_is_reported_with_file_and_path(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("schedule: {epochs: 3, warm_up: 4}\n")
    expected = r"run\.yaml: schedule: warm_up 4 is longer than epochs 3"
    with pytest.raises(ConfigError, match=expected):
        load_config(Model, path)


def test_overrides_win_and_leave_their_neighbours():
    source = {"schedule": {"epochs": 5, "rate": 0.5}}
    config = load_config(Model, source, {"schedule.epochs": 7, "beams": True})
    assert (config.schedule.epochs, config.schedule.rate, config.beams) == (7, 0.5, True)
    nested = load_config(Model, source, {"schedule": {"epochs": 7}})
    assert nested.schedule == config.schedule
    assert source == {"schedule": {"epochs": 5, "rate": 0.5}}


def test_a_wrong_override_is_not_blamed_on_the_file(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("name: x\n")
    with pytest.raises(ConfigError, match=r"^command line: schedule.epoch: unknown key"):
        load_config(Model, path, {"schedule.epoch": 3})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: [1, 2\nbeams: true\n", r"run\.yaml:2: not valid YAML"),
        (
            "name: a\nbeams: true\nname: b\n",
            r"run\.yaml:1: not valid YAML: the key 'name' is given",
        ),
        ("name: \x00\n", r"run\.yaml: not valid YAML"),
        ("- 1\n", r"run\.yaml: expected keys and values, found \[1\]"),
    ],
)
def test_broken_yaml_is_refused_with_its_line(tmp_path, text, message):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(Model, path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot read .*none\.yaml: No such file"):
        load_config(Model, tmp_path / "none.yaml")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_bytes(b"name: \xff\xfe\n")
    with pytest.raises(ConfigError, match=r"run\.yaml is not UTF-8"):
        load_config(Model, path)


def test_a_field_of_an_unsupported_type_is_our_own_mistake():
    @dataclass(frozen=True)
    class Odd:
        values: set = frozenset()

    with pytest.raises(TypeError, match="values"):
        load_config(Odd, {"values": 1})


finite = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")) | st.sampled_from("\n\t"),
    max_size=8,
) | st.sampled_from(["no", "null", "1e-3", "0x1f", "~", "1", ".nan", "true", "1:30", " a", "- b"])
schedules = st.builds(
    Schedule,
    epochs=st.integers(10, 10**20),
    rate=finite,
    kind=st.sampled_from(["cosine", "flat"]),
    warm_up=st.none() | st.integers(-5, 10),
)
models = st.builds(
    Model,
    name=texts,
    beams=st.booleans(),
    widths=st.lists(st.integers()).map(tuple),
    window=st.tuples(finite, finite),
    schedule=schedules,
    extra=st.dictionaries(texts, finite, max_size=3),
    limit=st.integers() | texts,
    share=finite | st.integers(),
    rounding=st.sampled_from([0, 1]),
    checkpoint=st.none() | st.just(Path("some/where.pt")),
)


# The first draw is slow on a machine that others use as well.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(models)
def test_what_is_dumped_loads_to_an_equal_object(tmp_path_factory, config):
    path = tmp_path_factory.mktemp("config") / "run.yaml"
    path.write_text(dump_config(config), encoding="utf-8")
    loaded = load_config(Model, path)
    assert loaded == config
    assert type(loaded.limit) is type(config.limit)
    assert type(loaded.share) is type(config.share)


def test_the_dump_keeps_the_order_of_the_fields_and_lists_on_one_line():
    assert dump_config(Model(name="η", extra={"b": 1.0, "a": 2.0})).splitlines() == [
        "name: η",
        "beams: false",
        "widths: [12, 16]",
        "window: [-1.0, 1.0]",
        "schedule:",
        "  epochs: 140",
        "  rate: 0.001",
        "  kind: cosine",
        "  warm_up: null",
        "extra:",
        "  b: 1.0",
        "  a: 2.0",
        "limit: none",
        "share: 0.5",
        "rounding: 0",
        "checkpoint: null",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b=3", ("a.b", 3)),
        ("rate=1e-4", ("rate", 1e-4)),
        ("name=no", ("name", "no")),
        ("widths=[1, 2]", ("widths", [1, 2])),
        ("on=true", ("on", True)),
        ("x=a=b", ("x", "a=b")),
        ("none=", ("none", None)),
    ],
)
def test_parse_override(text: str, expected: tuple[str, Any]):
    assert parse_override(text) == expected


@pytest.mark.parametrize("text", ["epochs", "=3", " =3"])
def test_parse_override_refuses_what_is_no_setting(text):
    with pytest.raises(ConfigError, match="expected KEY=VALUE"):
        parse_override(text)
