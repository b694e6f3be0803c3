"""What the documentation says can be done: links lead somewhere, commands parse, examples run."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import tomllib
from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from triggernet.cli import COMMANDS
from triggernet.cli.command import _parser, overrides
from triggernet.front.jets import generation_config
from triggernet.learning.training import load_run_config
from triggernet.parts import load_part
from triggernet.reports.budgets.tables import load_budget, load_hlt_budget

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
# Folders whose pages are checked.
READ = ("docs", "examples", "hls_projects", "models", "tests", "tools", "triggernet")

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?: {4}|\$ | {4}\$ )?(triggernet .*)$")
# Pages whose Python examples are run, not only compiled: those that take no project.
RUN = ("concepts/fixed-point.md", "guides/jets.md", "guides/training.md")


class Command(NamedTuple):
    """A command line as a page prints it."""

    page: str
    text: str


def pages() -> list[Path]:
    folders = [ROOT / name for name in READ if (ROOT / name).is_dir()]
    found = [*ROOT.glob("*.md"), *(p for folder in folders for p in folder.rglob("*.md"))]
    return sorted(p for p in found if "node_modules" not in p.parts)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def without_code(text: str) -> str:
    text = FENCE.sub("", text)
    lines = [line for line in text.splitlines() if not line.startswith("    ")]
    return re.sub(r"`[^`]*`", "", "\n".join(lines))


def commands() -> list[Command]:
    """Every line of a code block that begins with triggernet, continuation lines joined."""
    found = []
    for page in pages():
        text = page.read_text("utf-8")
        fenced = "\n".join(body for kind, body in FENCE.findall(text) if kind != "python")
        indented = "\n".join(line for line in text.splitlines() if line.startswith("    "))
        for block in (re.sub(r"\\\n\s*", "", part) for part in (fenced, indented)):
            matches = (COMMAND.match(line) for line in block.splitlines())
            found += [Command(name_of(page), match[1]) for match in matches if match]
    return found


def parsed(command: Command, capsys) -> Namespace | None:
    """The arguments of a command; None for one that asks for help."""
    try:
        return _parser(COMMANDS).parse_args(shlex.split(command.text, comments=True)[1:])
    except SystemExit as end:
        code = end.code
    if code:
        pytest.fail(f"{command.page}: {command.text}\n{capsys.readouterr().err}")
    return None


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_link_leads_to_a_file(page):
    for target in LINK.findall(without_code(page.read_text("utf-8"))):
        if target.startswith(("http://", "https://", "#")):
            continue
        path = page.parent / target.partition("#")[0]
        assert path.exists(), f"{name_of(page)} links to {target}, which does not exist"


@pytest.mark.parametrize("command", commands(), ids=lambda c: f"{c.page}: {c.text[:60]}")
def test_every_command_parses(command, capsys):
    parsed(command, capsys)


def test_every_setting_of_a_command_exists(capsys):
    """Keys behind --set are those of the configurations, and their values are allowed."""
    checked = 0
    for command in commands():
        args = parsed(command, capsys)
        config = getattr(args, "config", None)
        if not getattr(args, "settings", []) or (config and not (ROOT / config).exists()):
            continue
        checked += 1
        if hasattr(args, "process"):
            generation_config(args.process, None, overrides(args))
        else:
            load_run_config(config and ROOT / config, overrides(args), args.model, args.preset)
    assert checked > 10


def python_blocks() -> list[tuple[str, str]]:
    return [
        (name_of(page), body)
        for page in pages()
        for kind, body in FENCE.findall(page.read_text("utf-8"))
        if kind == "python"
    ]


@pytest.mark.parametrize(("page", "code"), python_blocks(), ids=lambda x: x[:40])
def test_python_examples_import_what_exists(page, code, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "examples" / "own_family")
    for node in ast.walk(ast.parse(code, filename=page)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            for alias in node.names:
                assert hasattr(module, alias.name), f"{page}: {node.module} has no {alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                importlib.import_module(alias.name)


@pytest.mark.parametrize("page", RUN)
def test_python_examples_run(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    blocks = [code for name, code in python_blocks() if name == f"docs/{page}"]
    assert blocks
    for code in blocks:
        exec(compile(code, page, "exec"), {})


def test_budgets_and_parts_are_those_of_the_package():
    text = (DOCS / "reference/budgets.md").read_text("utf-8")
    rows = {row[0]: row[1:] for row in re.findall(r"(?m)^\| `([\w-]+)` \| (.+?) \|$", text)}
    (hlt,) = rows.pop("hlt")
    assert f"{load_hlt_budget('hlt').mean_ms:g} ms" in hlt
    assert len(rows) == 8
    for name, (cells,) in rows.items():
        found = [cell.strip() for cell in cells.split("|")]
        if name.startswith("xc"):
            part = load_part(name)
            numbers = (part.lut, part.ff, part.dsp, part.bram, part.slrs)
            assert found == [part.title, *(f"{n:,}" for n in numbers)]
            continue
        budget = load_budget(name)
        assert found[0].startswith(f"{budget.latency_ns / 1000:g} µs")
        assert found[1:3] == [str(budget.time_multiplexing), str(budget.jets_per_event)]
        assert found[3] == ("any" if budget.clock_mhz is None else f"{budget.clock_mhz:g} MHz")
        assert (budget.algorithm_share, budget.resource_share) == (0.1, 0.1)


def test_supported_versions_are_those_of_the_lock():
    text = (DOCS / "project/versions.md").read_text("utf-8")
    rows = dict(re.findall(r"(?m)^\| ([\w ()]+?) \| ([\d.]+) \|", text))
    lock = (ROOT / "tools/requirements.lock").read_text("utf-8")
    names = {"PyTorch": "torch", "Yosys (pyosys)": "pyosys", "Pythia 8 (pythia8mc)": "pythia8mc"}
    for row in set(rows) - {"Python", "g++"}:
        (version,) = re.findall(rf"(?m)^{names.get(row, row.lower())}==(.+)$", lock)
        assert f"{version}.".startswith(f"{rows[row]}."), row
    assert {"Brevitas", "qonnx", "hls4ml", "da4ml", "Verilator", "FastJet", *names} <= set(rows)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"].startswith(f">={rows['Python']},")


def test_glossary_is_sorted_and_says_each_word_once():
    text = (DOCS / "concepts/glossary.md").read_text("utf-8")
    words = re.findall(r"(?m)^\*\*(.+)\*\*$", text)
    assert words == sorted(words, key=str.casefold)
    assert len(set(words)) == len(words) > 40


def test_every_page_is_in_the_navigation():
    config = yaml.safe_load((ROOT / ".mkdocs.yml").read_text("utf-8"))
    listed = set(re.findall(r"[\w/-]+\.md", str(config["nav"])))
    pages = {p for p in DOCS.rglob("*.md") if p.name != "README.md"}
    assert listed == {p.relative_to(DOCS).as_posix() for p in pages}
