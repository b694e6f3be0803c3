"""The scripts in tools/ and the lock: what they install, and what they say when they cannot."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "tools" / "requirements.lock"
# What tools/setup itself calls, apart from the programs it looks for.
BASICS = ("bash", "dirname", "cat", "sha256sum", "grep", "rm", "mkdir", "tail")


def locked() -> dict[str, str]:
    lines = [line for line in LOCK.read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[A-Za-z0-9.]+", line) for line in lines)
    return dict(line.split("==") for line in lines)


def required() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    return [Requirement(line) for line in lines if not line.startswith("triggernet")]


@pytest.mark.parametrize("requirement", required(), ids=str)
def test_the_lock_satisfies_the_project(requirement):
    assert requirement.specifier.contains(locked()[canonicalize_name(requirement.name)])


def test_what_is_installed_is_what_is_locked():
    differing = {
        name: (version(name), wanted)
        for name, wanted in locked().items()
        if version(name).partition("+")[0] != wanted
    }
    assert differing == {}


@pytest.mark.parametrize("name", ["setup", "test", "demo", "lock"])
def test_scripts_can_be_run(name):
    script = ROOT / "tools" / name
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)


def test_ci_runs_what_the_readme_says():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set "))]
    assert len(commands) == 1
    assert commands[0].endswith('/../tools/test"')


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with tools/setup and all that it reads."""
    folder = tmp_path / "a clone"
    shutil.copytree(ROOT / "tools", folder / "tools")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def setup(clone: Path, *programs: str) -> subprocess.CompletedProcess[str]:
    """Run tools/setup where only `programs` and the basics can be found."""
    found = clone / "bin"
    found.mkdir()
    for program in (*BASICS, *programs):
        (found / program).symlink_to(shutil.which(program))
    return subprocess.run(
        [shutil.which("bash"), clone / "tools" / "setup"],
        env={"PATH": str(found)},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("missing", ["g++", "make", "perl"])
def test_setup_names_a_missing_tool(clone, missing):
    result = setup(clone, *({"g++", "make", "perl"} - {missing}))
    assert result.returncode == 2
    assert f"{missing} is needed and was not found; on Debian or Ubuntu: apt" in result.stderr
    assert not (clone / ".venv").exists()


def test_setup_names_a_missing_python(clone):
    result = setup(clone, "g++", "make", "perl")
    assert result.returncode == 2
    assert "Python 3.11 is needed and was not found" in result.stderr
    assert not (clone / ".venv").exists()


def test_setup_leaves_an_environment_of_others_alone(clone):
    (clone / ".venv").mkdir()
    (clone / ".venv" / "theirs").write_text("")
    (clone / "tools" / "setup").write_text(
        (clone / "tools" / "setup").read_text().replace("python3.11 python3 python", sys.executable)
    )
    result = setup(clone, "g++", "make", "perl")
    assert result.returncode == 2
    assert "is not of tools/setup; move it away" in result.stderr
    assert (clone / ".venv" / "theirs").exists()


def finished_environment(clone: Path) -> None:
    """Make .venv look like tools/setup had just made it."""
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (clone / ".venv" / "made-by-tools-setup").write_text("")
    lock = (clone / "tools" / "requirements.lock").read_bytes()
    content = lock + (clone / "pyproject.toml").read_bytes() + f"{clone.resolve()}\n".encode()
    digest = hashlib.sha256(content).hexdigest()
    (clone / ".venv" / "up-to-date").write_text(f"{digest}  -\n")


def test_setup_is_silent_when_nothing_changed(clone):
    finished_environment(clone)
    result = setup(clone)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("changed", ["tools/requirements.lock", "pyproject.toml"])
def test_setup_acts_when_the_lock_or_the_project_changed(clone, changed):
    finished_environment(clone)
    with (clone / changed).open("a") as file:
        file.write("\n")
    # It gets as far as looking for the tools it needs.
    result = setup(clone)
    assert result.returncode == 2
    assert "g++ is needed" in result.stderr
