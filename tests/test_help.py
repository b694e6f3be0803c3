"""What ``-h`` and ``--show-config`` say comes from where it is decided, and quickly."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from typing import get_type_hints

import pytest
import yaml

from triggernet.cli import COMMANDS, main
from triggernet.config import load_config
from triggernet.config_text import meanings_of
from triggernet.data.generation.config import preset
from triggernet.data.generation.kinds import config_of, processes
from triggernet.front.jets import generation_config
from triggernet.learning.models import model_names
from triggernet.learning.training import load_run_config
from triggernet.learning.training.config import presets
from triggernet.parts import part_names
from triggernet.reports.budgets.tables import budget_names

HEAVY = ("torch", "brevitas", "onnx", "onnxruntime", "hls4ml", "numba", "matplotlib", "pythia8mc")
LOADED = """
import contextlib, io, json, sys
from triggernet.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    for words in json.loads(sys.argv[1]):
        try:
            assert main(words) == 0
        except SystemExit as end:
            assert end.code == 0
print([name for name in sys.argv[2:] if name in sys.modules])
"""


def help_of(verb: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit, match="0"):
        main([verb, "-h"])
    printed = " ".join(capsys.readouterr().out.split())
    return printed.replace("- ", "-")  # names are broken at their hyphens


@pytest.mark.parametrize(
    ("verb", "names"),
    [
        ("generate", processes()),
        ("train", model_names()),
        ("train", presets()),
        ("train", presets().values()),
        ("export", part_names()),
        ("export", budget_names()),
        ("report", part_names()),
        ("report", budget_names()),
        ("compare", part_names()),
    ],
)
def test_help_lists_what_is_allowed(verb, names, capsys):
    printed = help_of(verb, capsys)
    assert len(names) > 1
    assert [name for name in names if name not in printed] == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_says_what_an_option_is_if_it_is_not_given(command, capsys):
    printed = help_of(command.name, capsys)
    given = [each.options["default"] for each in command.arguments if "default" in each.options]
    shown = [value for value in given if value not in (None, (), [])]
    texts = [
        " ".join(map(str, value)) if isinstance(value, tuple) else str(value) for value in shown
    ]
    lacking = [text for text in texts if f"default: {text}" not in printed]
    assert [text for text in lacking if text != "default"] == []  # a preset of that name


@pytest.mark.parametrize("model", model_names())
def test_every_key_of_a_configuration_has_its_meaning(model):
    def unexplained(cls: type, above: str) -> list[str]:
        meanings, hints = meanings_of(cls), get_type_hints(cls)
        lacking = []
        for each in dataclasses.fields(cls):
            kind = hints[each.name]
            if dataclasses.is_dataclass(kind):
                lacking += unexplained(kind, f"{above}{each.name}.")
            elif not meanings.get(each.name) and each.name != "name":
                lacking.append(f"{above}{each.name}")
        return lacking

    assert unexplained(type(load_run_config(None, None, model)), "") == []


def test_every_name_in_a_list_is_one_that_works():
    from triggernet.parts import full_part_name, load_part
    from triggernet.reports.budgets.tables import load_budget, load_hlt_budget, tier_of

    assert all(load_part(name).device == full_part_name(name) for name in part_names())
    load = {"l1": load_budget, "hlt": load_hlt_budget}
    assert all(load[tier_of(name)](name).name == name for name in budget_names())


def test_a_family_of_another_package_is_listed_too(capsys, monkeypatch):
    from triggernet.learning.models import registry

    monkeypatch.setattr(registry, "_others", lambda: {"twolayer": None})
    assert "; twolayer" in help_of("train", capsys)


def test_help_and_configurations_load_nothing_heavy():
    words = [[each.name, "-h"] for each in COMMANDS]
    words += [["train", name, "--show-config"] for name in model_names()]
    words += [["generate", name, "--show-config"] for name in processes()]
    printed = subprocess.check_output(
        [sys.executable, "-c", LOADED, json.dumps(words), *HEAVY], text=True, timeout=60
    )
    assert printed == "[]\n"


@pytest.mark.parametrize(
    ("model", "preset"), [*((name, "default") for name in model_names()), ("nanopelican", "paper")]
)
def test_the_shown_configuration_of_a_training_can_be_given_back(model, preset, tmp_path, capsys):
    words = ["train", model, "--preset", preset, "--set", "training.seed=7", "--show-config"]
    assert main(words) == 0
    kept = tmp_path / "run.yaml"
    kept.write_text(capsys.readouterr().out)
    config = load_run_config(None, {"training.seed": 7}, model, preset)
    assert load_run_config(kept) == config
    assert main(["train", model, "--config", str(kept), "--show-config"]) == 0
    assert capsys.readouterr().out == kept.read_text()


@pytest.mark.parametrize("process", processes())
def test_the_shown_configuration_of_a_generation_can_be_given_back(process, tmp_path, capsys):
    assert main(["generate", process, "--set", "chunk_jets=3", "--show-config"]) == 0
    kept = tmp_path / "jets.yaml"
    kept.write_text(capsys.readouterr().out)
    expected = load_config(
        config_of(process), {"process": process, "chunk_jets": 3}, defaults=preset(process)
    )
    assert generation_config(process, kept) == expected


def test_the_shown_configuration_says_what_a_key_means(capsys):
    assert main(["train", "mlp", "--show-config"]) == 0
    printed = capsys.readouterr().out
    assert "  # Leading constituents that are kept.\n  n_constituents: 20\n" in printed
    assert main(["train", "mlp", "--show-config", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["training"] == yaml.safe_load(printed)["training"]


def test_a_wrong_key_is_told_before_anything_is_shown(capsys):
    assert main(["train", "mlp", "--set", "training.sed=7", "--show-config"]) == 2
    assert capsys.readouterr() == (
        "",
        "triggernet: error: command line: training.sed: unknown key; did you mean 'seed'?\n",
    )


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (["train", "mlp"], "--data, --out missing; give them"),
        (["train", "mlp", "--out", "run"], "--data missing; give it"),
        (["generate", "toptag", "--out", "jets.h5"], "--jets missing; give it"),
    ],
)
def test_what_is_missing_is_named(words, missing, capsys):
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(f"triggernet: error: {missing}, or --show-config")
