"""What every test stands on."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

CACHE = "TRIGGERNET_CACHE"
OWN_CACHE = pytest.StashKey[str]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """One cache of compiled simulators for this run and all its workers, unless one is named."""
    if CACHE not in os.environ:
        config.stash[OWN_CACHE] = os.environ[CACHE] = tempfile.mkdtemp(prefix="triggernet-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if OWN_CACHE in config.stash:
        del os.environ[CACHE]
        shutil.rmtree(config.stash[OWN_CACHE], ignore_errors=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--forbid-skips", action="store_true", help="fail when a test was skipped (tools/test)"
    )


def pytest_terminal_summary(terminalreporter, exitstatus, config) -> None:
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
