"""What is wrong in a command line is told before anything that takes time is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RUN = ROOT / "models" / "nanopelican-c2-n8j"
JETS = ROOT / "triggernet" / "data" / "samples" / "toptag_reference.h5"
HEAVY = ("torch", "brevitas", "onnx", "onnxruntime", "hls4ml", "numba", "scipy", "matplotlib")
SCRIPT = """
import contextlib, io, json, sys
from triggernet.cli import main
answers = []
for words in json.loads(sys.argv[1]):
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            code = main(words)
        except SystemExit as end:
            code = end.code
    loaded = [name for name in sys.argv[2:] if name in sys.modules]
    answers.append([code, said.getvalue(), loaded])
print(json.dumps(answers))
"""
TYPOS = {
    f"train nanopelicn --data {JETS} --out new": "did you mean 'nanopelican'?",
    f"train mlp --data {JETS} --out new --set training.adamw.epoch=3": "epoch",
    f"train mlp --data {JETS} --out new --set model.hiden=3": "hiden",
    f"train mlp --data {JETS} --out new --set quantisation.wight=3": "wight",
    f"train semiequivariant --data {JETS} --out new --set model.k=9": "k: found 9 with graph: full",
    f"train mlp --data {JETS} --out new --preset papr": "unknown preset 'papr'",
    f"train mlp --data {JETS} --out new --config none.yaml": "none.yaml",
    "train mlp --data none.h5 --out new": "none.h5",
    f"train mlp --data {JETS} --out {RUN}": "exists and is not empty",
    f"evaluate nowhere --data {JETS}": "nowhere is no run folder",
    f"evaluate {RUN} --data none.h5": "none.h5",
    f"evaluate {RUN} --data {JETS} -o roc.txt": "must end in one of .png",
    "export nowhere --out new": "nowhere is no run folder",
    f"export {RUN} --out {RUN.parent}": "exists",
    f"export {RUN} --hls --part vu13 --out new": "no part 'vu13'; did you mean xcvu13p?",
    f"export {RUN} --rtl --part vu13 --out new": "no part 'vu13'; did you mean xcvu13p?",
    f"export {RUN} --rtl --fold auto --budget l2 --out new": "no budget 'l2'; known are l1",
    f"export {RUN} --reuse-factor 2 --out new": "--reuse-factor has no effect here",
    "verify nowhere": "nowhere",
    "cosim nowhere": "nowhere",
    "synth nowhere": "nowhere",
    "report nowhere": "nowhere",
    f"compare {RUN} nowhere --data {JETS}": "nowhere is no run folder",
    f"compare {RUN} --data none.h5": "none.h5",
    f"compare {RUN} --data {JETS} --part vu13": "no part 'vu13'; did you mean xcvu13p?",
    f"compare {RUN} --data {JETS} -o page.pdf": "must be one of",
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory) -> dict[str, tuple[int, str, list[str]]]:
    """Of every command its exit code, what it said, and what had been imported until then."""
    commands = json.dumps([command.split() for command in TYPOS])
    printed = subprocess.check_output(
        [sys.executable, "-c", SCRIPT, commands, *HEAVY],
        cwd=tmp_path_factory.mktemp("typos"),
        text=True,
        timeout=60,
    )
    return dict(zip(TYPOS, map(tuple, json.loads(printed)), strict=True))


@pytest.mark.parametrize("command", TYPOS, ids=lambda command: command.split()[0])
def test_a_typo_is_told_in_one_line_before_anything_heavy_is_imported(answers, command):
    code, said, loaded = answers[command]
    assert code == 2
    assert TYPOS[command] in said
    assert said.startswith("triggernet: error: ")
    assert said.count("\n") == 1
    assert loaded == []


def test_all_configurations_are_known_without_the_networks():
    code = (
        "import sys\n"
        "from triggernet.learning.models import model_names\n"
        "from triggernet.learning.training import load_run_config\n"
        "for name in model_names():\n"
        "    assert load_run_config(None, None, name).model.name == name\n"
        "print([name for name in sys.argv[1:] if name in sys.modules])\n"
    )
    printed = subprocess.check_output([sys.executable, "-c", code, *HEAVY], text=True, timeout=60)
    assert printed == "[]\n"


def test_what_needs_torch_is_still_at_hand_by_its_name():
    import triggernet.learning.training as stage

    for name in stage.__all__:
        assert getattr(stage, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        stage.trian  # noqa: B018
