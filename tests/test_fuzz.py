"""Damaged files of every kind: one line that names the file, exit 2, and never another result.

The files are damaged at random, with a seed a case: `TRIGGERNET_FUZZ_CASES` sets how many.
`fuzz_kinds` says which kinds have a check sum, without which nobody can tell a changed number.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from damage import BYTES, Damage
from fuzz_kinds import Kind, kinds

from triggernet.errors import TriggernetError

CASES = int(os.environ.get("TRIGGERNET_FUZZ_CASES", "1000"))
SEED = int(os.environ.get("TRIGGERNET_FUZZ_SEED", "1"))
SECONDS = 20  # for one case: nothing here takes one
MEMORY = 6 << 30  # bytes beyond what the process has mapped before


class HungError(BaseException):
    """A case that takes too long; no reader catches it."""


@contextmanager
def limits() -> Iterator[None]:
    """Bound the time and the memory of a case."""

    def stop(number: int, frame: Any) -> None:
        raise HungError(f"more than {SECONDS} s")

    before = resource.getrlimit(resource.RLIMIT_AS)
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    old = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)


@cache
def all_kinds() -> dict[str, Kind]:
    return {kind.name: kind for kind in kinds()}


def n_cases(kind: Kind) -> int:
    """Its share of the cases."""
    total = sum(each.weight for each in all_kinds().values())
    return max(1, round(CASES * kind.weight / total))


def complaint(kind: Kind, path: Path, expected: Any, damage: Damage) -> str | None:
    """What is wrong with how a damaged file is read; None if nothing is."""
    try:
        with limits(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = kind.read(path)
    except TriggernetError as error:
        text = str(error)
        if "\n" in text or not text.isprintable():
            return f"more than one printable line: {text!r}"
        if path.name not in text and str(path.parent) not in text:
            return f"does not name the file: {text!r}"
        return None
    except (Exception, HungError) as error:  # noqa: BLE001 - what this test looks for
        return f"{type(error).__module__}.{type(error).__name__}: {str(error)[:200]}"
    guarded = kind.guarded == "values" or (kind.guarded and damage in BYTES)
    if guarded and found not in (expected, "named as edited"):
        return "another result"
    return None


@pytest.mark.parametrize("name", sorted(all_kinds()))
def test_a_damaged_file_is_refused_in_one_line_or_changes_nothing(name: str, tmp_path: Path):
    kind = all_kinds()[name]
    path = kind.make(tmp_path)
    whole = path.read_bytes()
    expected = kind.read(path)
    wrong = []
    for number in range(n_cases(kind)):
        rng = random.Random(f"{SEED} {name} {number}")
        damage = rng.choice(BYTES if rng.random() < 0.5 or not kind.damages else kind.damages)
        path.write_bytes(damage(whole, rng))
        problem = complaint(kind, path, expected, damage)
        if problem is not None:
            wrong.append(f"{name} {number} {damage.__name__}: {problem}")
    assert not wrong, "\n".join(wrong)
    path.write_bytes(whole)
    assert kind.read(path) == expected
