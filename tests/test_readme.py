"""The README's block of commands runs as written: it names its extras, and every input is made."""

from __future__ import annotations

import re
import shlex
from argparse import Namespace
from pathlib import Path

import pytest

from triggernet.cli import COMMANDS, main
from triggernet.cli.command import _parser
from triggernet.extras import EXTRAS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
NEEDED = {"generate": "generate", "cosim": "rtl", "synth": "rtl"}
READ = ("data", "run_folder", "project", "runs")  # arguments that name what must be there
WRITTEN = ("out", "plot")


def block(heading: str) -> list[str]:
    """The first block of commands below a heading."""
    section = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.search(r"(?:^ {4}\S.*\n)+", section, re.MULTILINE)
    assert found is not None
    return [line.strip() for line in found[0].splitlines()]


def parsed(line: str) -> tuple[str, Namespace]:
    words = shlex.split(line)
    assert words[0] == "triggernet"
    return words[1], _parser(COMMANDS).parse_args(words[1:])


def named(args: Namespace, keys: tuple[str, ...]) -> list[Path]:
    values = [getattr(args, key, None) for key in keys]
    lists = [value if isinstance(value, list) else [value] for value in values]
    return [Path(path) for paths in lists for path in paths if path is not None]


def test_the_block_begins_with_the_extras_that_it_needs():
    install, *lines = block("By hand")
    extras = re.fullmatch(r"pip install '\.\[([a-z,]+)\]'", install)
    assert extras is not None
    verbs = {parsed(line)[0] for line in lines}
    assert {NEEDED[verb] for verb in verbs & NEEDED.keys()} == set(extras[1].split(","))
    assert set(NEEDED.values()) <= set(EXTRAS.values())


def test_every_file_of_the_block_is_there_or_comes_from_a_line_above():
    made: set[Path] = set()
    for line in block("By hand")[1:]:
        _, args = parsed(line)
        missing = [path for path in named(args, READ) if path not in made]
        assert [path for path in missing if not list(ROOT.glob(str(path)))] == [], line
        made |= set(named(args, WRITTEN))
    assert len(made) >= 6


def test_files_beside_the_zoo_are_left_out_and_said(capsys):
    """`models/*` is what a shell makes of it: runs, a README, a plot."""
    files = [str(path) for path in sorted((ROOT / "models").iterdir()) if path.is_file()]
    assert str(ROOT / "models" / "README.md") in files
    data = str(ROOT / "triggernet" / "data" / "samples" / "toptag_reference.h5")
    assert main(["compare", *files, "nowhere", "--data", data]) == 2
    said = capsys.readouterr().err
    assert all(f"{file} is a file, not a run folder, and is left out\n" in said for file in files)
    assert "triggernet: error: nowhere is no run folder" in said


@pytest.mark.parametrize("extra", sorted(set(EXTRAS.values())))
def test_every_extra_has_a_line_that_installs_it(extra):
    assert any(line.startswith(f"pip install '.[{extra}]'") for line in block("Installing"))


def test_only_the_python_that_tests_run_on_is_claimed():
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    (tested,) = re.findall(r"has the Python (3\.\d+)", workflow)
    assert re.findall(r"Python :: (3\.\d+)", project) == [tested]
    assert f"**Python {tested} is supported, on Linux (x86-64), and no other version**" in README
    major, minor = tested.split(".")
    assert f'requires-python = ">={tested},<{major}.{int(minor) + 1}"' in project
