"""Counts in sentences: one of a thing is no plural, in whatever triggernet says or writes."""

from __future__ import annotations

import pytest
from rtl_projects import rtl_program

from triggernet.cli import main
from triggernet.data import mock_jets, save_jets
from triggernet.data.generation import summary_text
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.rtl.lower import lower
from triggernet.words import counted, every


@pytest.mark.parametrize(
    ("count", "one", "often"),
    [(1, "1 clock", "every clock"), (2, "2 clocks", "every 2 clocks")],
)
def test_one_is_no_plural(count, one, often):
    assert (counted(count, "clock"), every(count, "clock")) == (one, often)


@pytest.mark.parametrize(("interval", "said"), [(1, "every clock"), (4, "every 4 clocks")])
def test_the_verilog_says_how_often_events_come(interval, said):
    fabric = lower(rtl_program(), RtlConfig(interval=interval), by_node=False)
    assert fabric.modules["tagger"].purpose.endswith(f": a new event {said}.")


def test_a_single_jet_is_one_jet(tmp_path, capsys):
    save_jets(tmp_path / "two.h5", mock_jets(2, 1))
    one, two = str(tmp_path / "one.h5"), str(tmp_path / "two.h5")
    assert main(["convert", two, one, "--limit", "1"]) == 0
    assert f"{one}: 1 jet of qcd, top\n" in capsys.readouterr().out
    assert main(["inspect", one]) == 0
    assert f"{one}: 1 jet, " in capsys.readouterr().out
    assert summary_text({"jets": 1}) == "1 jet"
