"""What every test stands on."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import defaultdict

import pytest

CACHE = "TRIGGERNET_CACHE"
OWN_CACHE = pytest.StashKey[str]()
SHOWN = 12  # files of tests that the summary names


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """One cache of compiled simulators for this run and all its workers, unless one is named."""
    if CACHE not in os.environ:
        config.stash[OWN_CACHE] = os.environ[CACHE] = tempfile.mkdtemp(prefix="triggernet-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if OWN_CACHE in config.stash:
        del os.environ[CACHE]
        shutil.rmtree(config.stash[OWN_CACHE], ignore_errors=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of an operator run for each case of its class (`operator_cases.OperatorTest`)."""
    if "case" in metafunc.fixturenames and hasattr(metafunc.cls, "cases"):
        cases = metafunc.cls.cases
        names = ["-".join(f"{k}{v}" for k, v in case.items()) or "plain" for case in cases]
        metafunc.parametrize("case", cases, ids=names)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--forbid-skips", action="store_true", help="fail when a test was skipped (tools/test)"
    )
    parser.addoption(
        "--slowest-files", action="store_true", help="list them at the end (tools/test)"
    )


def slowest_files(stats: dict[str, list]) -> list[tuple[float, str]]:
    """Seconds of each file of tests, set-up and all, the slowest first."""
    seconds: dict[str, float] = defaultdict(float)
    for report in (each for reports in stats.values() for each in reports):
        if isinstance(report, pytest.TestReport):
            seconds[report.location[0]] += report.duration
    return sorted(((spent, name) for name, spent in seconds.items()), reverse=True)[:SHOWN]


def pytest_terminal_summary(terminalreporter, exitstatus, config) -> None:
    slowest = slowest_files(terminalreporter.stats)
    if config.getoption("--slowest-files") and slowest:
        terminalreporter.section("slowest files")
        for seconds, name in slowest:
            terminalreporter.write_line(f"{seconds:7.1f} s  {name}")
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped and config.getoption("--forbid-skips"):
        terminalreporter.write_line(f"{len(skipped)} skipped, and skips are forbidden", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:  # a worker of pytest-xdist; the controller counts
        return
    if session.config.getoption("--forbid-skips") and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
