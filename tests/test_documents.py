"""JSON, YAML and schemas: what is damaged or made to do damage is refused in one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import pytest

from triggernet.config import load_config
from triggernet.documents import DEEPEST, MOST_BYTES, MOST_DIGITS, parse_json, read_json, read_text
from triggernet.errors import (
    ConfigError,
    DataError,
    ProgramError,
    ProjectError,
    in_one_line,
    naming,
)
from triggernet.schema import Within, as_type, load_json, refuse_newer


@dataclass(frozen=True)
class Port:
    name: Annotated[str, Within(1, 8)]
    width: Annotated[int, Within(1, 64)]
    shape: Annotated[tuple[Annotated[int, Within(1, 100)], ...], Within(1, 3)] = (1,)
    about: Mapping[str, Any] = field(default_factory=dict)
    share: Annotated[int, Within(0, 9)] | str = 0


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (nested(100_000), f"nested more than {DEEPEST} levels"),
        (nested(DEEPEST + 2), f"nested more than {DEEPEST} levels"),
        ('{"a": {"b": 1, "b": 2}}', "the key 'b' is given twice"),
        ("1" * 5000, f"a number of 5000 digits; allowed are {MOST_DIGITS}"),
        ("0." + "1" * 5000, "a number of 5002 digits"),
        ("1e999", "1e999 is beyond the numbers of double precision"),
        ("[NaN]", "NaN is no JSON number"),
        (r'["\ud800"]', "half a character"),
        (r'{"\ud800": 1}', "half a character"),
        ('{"a": 1', "Expecting ',' delimiter: line 1 column 8"),
    ],
)
def test_hostile_json_is_refused_in_one_line(text: str, problem: str):
    with pytest.raises(DataError, match=problem) as refusal:
        parse_json(text, "a.json")
    assert str(refusal.value).startswith("a.json is not valid JSON: ")
    assert "\n" not in str(refusal.value)


def test_json_as_deep_and_long_as_allowed_is_read():
    assert parse_json("9" * MOST_DIGITS, "a.json") == 10**MOST_DIGITS - 1
    deep = parse_json(nested(DEEPEST), "a.json")
    assert json.dumps(deep) == nested(DEEPEST)


@pytest.mark.parametrize("content", ["é".encode("latin-1"), "{}".encode("utf-16"), b"\x80"])
def test_text_that_is_not_utf8_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ProjectError, match=r"a\.json is not UTF-8 text"):
        read_json(tmp_path / "a.json", ProjectError)


def test_a_file_beyond_all_sizes_is_refused_before_it_is_parsed(tmp_path: Path):
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(DataError, match=r"a\.json holds more than 67108864 bytes"):
        read_text(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (nested(2000), r"run\.yaml:1: not valid YAML: it is nested more than"),
        ("a: &x [1]\nb: *x\n", r"run\.yaml:2: not valid YAML: an alias \(\*name\)"),
        ("a: &x [*x]\n", r"run\.yaml:1: not valid YAML: an alias"),
        ("a: !!timestamp soon\n", r"the tag tag:yaml.org,2002:timestamp is not supported"),
        ("a: !!int x\n", r"the tag tag:yaml.org,2002:int is not supported"),
        ("a: !x {}\n", r"the tag !x is not supported"),
        ("a: " + "1" * 5000 + "\n", r"run\.yaml:1: .* a number of 5000 digits"),
        ("1: a\n1.0: b\n", r"run\.yaml:1: not valid YAML: the key '1.0' is given twice"),
        ("? [1]\n: 2\n", r"run\.yaml:1: not valid YAML: found unhashable key"),
        ('a: "\\ud800"\n', r"run\.yaml: not valid YAML: .*half a character"),
        ("a: " + "x" * (1 << 20), r"run\.yaml holds 1048579 characters"),
    ],
)
def test_hostile_yaml_is_refused_in_one_line(tmp_path: Path, text: str, problem: str):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=problem) as refusal:
        load_config(Port, path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"width": 65}, r"width: found 65 \(int\); allowed are 1 to 64; make it again"),
        ({"width": 0}, r"width: found 0 \(int\)"),
        ({"width": 10**5000}, r"width: found 0x.*\.\.\. \(int\); allowed are 1 to 64"),
        ({"width": True}, r"width: expected an integer, found True"),
        ({"width": 1.0}, r"width: expected an integer, found 1.0"),
        ({"name": ""}, r"name: found 0 characters; allowed are 1 to 8"),
        ({"shape": [1, 2, 3, 4]}, r"shape: found 4 items; allowed are 1 to 3"),
        ({"shape": [1, 101]}, r"shape.1: found 101 \(int\)"),
        ({"share": 10}, r"share: found 10 \(int\); allowed are 0 to 9"),
        ({"a\nb": 1}, r"a b: unknown key"),
        ({"about": {1: 2}}, r"about: expected a text as key, found 1"),
    ],
)
def test_values_out_of_bounds_are_refused(change: dict[Any, Any], problem: str):
    with pytest.raises(ProjectError, match=rf"^d\.json: {problem}"):
        given = {"name": "x", "width": 8} | change
        as_type(Port, given, "d.json", error=ProjectError, advice="make it again")


def test_values_at_their_bounds_are_kept(tmp_path: Path):
    (tmp_path / "p.json").write_text(
        '{"name": "x", "width": 64, "shape": [1, 100], "about": {"b": [1, {}]}, "share": "all"}'
    )
    expected = Port("x", 64, (1, 100), {"b": [1, {}]}, "all")
    assert load_json(Port, tmp_path / "p.json") == expected


@pytest.mark.parametrize("version", [3, 0, -1, True, 1.0, "1", None])
def test_a_version_that_is_not_known_is_refused(version: Any):
    expected = r"x\.json has the format_version .*; this triggernet reads versions 1 to 2; install"
    with pytest.raises(DataError, match=expected):
        refuse_newer({"format_version": version}, 2, "x.json")


@pytest.mark.parametrize("content", [{}, {"format_version": 1}, {"format_version": 2}, []])
def test_known_versions_and_files_without_one_pass(content: Any):
    refuse_newer(content, 2, "x.json")


def test_an_error_is_told_with_the_file_it_is_about_once():
    with pytest.raises(ProjectError, match=r"^a\.json: no such port$"), naming(Path("a.json")):
        raise ProjectError("no such port")
    with pytest.raises(ProjectError, match=r"^in a\.json$"), naming(Path("a.json")):
        raise ProjectError("in a.json")


def test_complaints_of_others_become_one_printable_line():
    assert in_one_line("a\n  b\x1b[0m\x00") == r"a b\x1b[0m\x00"
    assert in_one_line(KeyError()) == "KeyError"
    assert len(in_one_line("x" * 10_000)) == 300


def test_a_name_in_a_file_cannot_write_to_the_terminal(tmp_path):
    with pytest.raises(ProgramError) as refused, naming(tmp_path / "model.onnx"):
        raise ProgramError("node 'a\x00b\x1b[2J\nc' is no operator")
    assert str(refused.value) == (
        f"{tmp_path / 'model.onnx'}: node 'a\\x00b\\x1b[2J\\nc' is no operator"
    )
