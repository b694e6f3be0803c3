"""The files and scripts of tools/studies: every study can begin, and small versions are run."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from sweeps import JETS, study_of, write_study

from triggernet.studies.sweep import load_study_config
from triggernet.studies.sweep.sweep import probe

STUDIES = Path(__file__).parents[1] / "tools" / "studies"


def script(name):
    spec = importlib.util.spec_from_file_location(name, STUDIES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["semiequivariant", "hardware-n16"])
def test_every_study_is_valid_and_has_points(name):
    config = load_study_config(STUDIES / f"{name}.yaml")
    probe(config)
    for family in config.families:
        config.run_config({"model.name": family, **config.full})


def test_samplers_are_compared_on_equal_numbers_of_trials(tmp_path):
    samplers = script("samplers")
    study = write_study(tmp_path / "study.yaml", study_of())
    table = samplers.compared(study, JETS, tmp_path / "out", seeds=2, trials=3, startup=1)
    assert {name: len(rows) for name, rows in table.items()} == {"tpe": 2, "random": 2}
    for rows in table.values():
        for row in rows:
            known = [value for value in row if value is not None]
            assert len(row) == 10
            assert known == sorted(known)
    kept = json.loads((tmp_path / "out" / "samplers.json").read_text())
    assert kept["best"] == table
    assert kept["trials"][-1] == 3
    text = samplers.as_markdown(table, 3)
    assert text.splitlines()[0] == "| trials | tpe | random |"
    assert len(text.splitlines()) == 12
