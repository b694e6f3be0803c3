"""Nobody looks at a silent terminal: what is counted ticks, and so does what is waited for."""

from __future__ import annotations

import io
import re
import time

import pytest

from triggernet import progress
from triggernet.progress import Progress, waiting


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch) -> Terminal:
    # In the test itself: pytest puts its own standard error in place after the fixtures.
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    return terminal


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr(progress, "TICK_S", 0.02)


def until(condition) -> None:
    """Wait for a thread, however slow the machine is."""
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    assert condition()


def test_on_a_terminal_a_clock_ticks_and_its_end_stays(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with waiting("compiling the C++ (g++)", 0.01):
        until(lambda: terminal.getvalue().count("compiling") >= 3)
    shown = terminal.getvalue()
    assert "\r\x1b[Kcompiling the C++ (g++) ... 0 s" in shown
    last = shown.rpartition("\x1b[K")[2]
    assert last.startswith("compiling the C++ (g++): ")
    assert last.endswith(" s\n")
    assert shown.count("\n") == 1
    time.sleep(0.1)
    assert terminal.getvalue() == shown  # nothing ticks any more


def test_elsewhere_there_is_a_line_at_the_start_and_one_at_the_end(capsys):
    said = []
    with waiting("reading jets.h5", 0.01):
        until(lambda: said.append(capsys.readouterr().err) or any(said))
        time.sleep(0.1)
    lines = ("".join(said) + capsys.readouterr().err).splitlines()
    assert lines[0] == "reading jets.h5 ..."
    assert re.fullmatch(r"reading jets\.h5: \d+\.\d s", lines[1])
    assert len(lines) == 2


def test_what_is_quick_is_not_mentioned(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with waiting("reading jets.h5", 60):
        pass
    assert terminal.getvalue() == ""


def test_an_error_while_waiting_leaves_a_clean_line(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with pytest.raises(ValueError, match="damaged"), waiting("reading jets.h5", 0.01):
        until(terminal.getvalue)
        raise ValueError("damaged")
    assert terminal.getvalue().endswith("\r\x1b[K")
    assert "reading jets.h5: " not in terminal.getvalue()


def test_a_bar_ticks_before_its_first_step(monkeypatch):
    terminal = on_terminal(monkeypatch)
    monkeypatch.setattr("tqdm.tqdm.refresh", lambda bar, **_: terminal.write(f"tick {bar.desc}\n"))
    with Progress("generating toptag", 2000, "jets"):
        until(lambda: terminal.getvalue().count("tick generating toptag") >= 2)


def test_a_log_has_a_line_before_the_first_step(capsys):
    said = []
    with Progress("generating toptag", 2000, "jets", interval_s=0.01):
        until(lambda: said.append(capsys.readouterr().err) or any(said))
    assert "".join(said).startswith("generating toptag: 0 of 2000 jets, 0.")
