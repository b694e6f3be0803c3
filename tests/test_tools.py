"""The scripts in tools/ and the lock: what they install, and what they say when they cannot."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "tools" / "requirements.lock"
HASHES = ROOT / "tools" / "requirements.hashes"
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


def test_every_locked_file_but_that_of_torch_has_its_digest():
    lines = [line for line in HASHES.read_text().splitlines() if not line.startswith("#")]
    found = [re.fullmatch(r"([a-z0-9-]+)==([A-Za-z0-9.]+) --hash=sha256:[0-9a-f]{64}", line)
             for line in lines]  # fmt: skip
    assert {entry[1]: entry[2] for entry in found} | {"torch": locked()["torch"]} == locked()
    assert len(found) == len(locked()) - 1


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


def setup(clone: Path, *programs: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run tools/setup where only `programs` and the basics can be found; `more` is environment."""
    found = clone / "bin"
    found.mkdir()
    for program in (*BASICS, *programs):
        (found / program).symlink_to(shutil.which(program))
    return subprocess.run(
        [shutil.which("bash"), clone / "tools" / "setup"],
        env={"PATH": str(found), **more},
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
    names = ("tools/requirements.lock", "tools/requirements.hashes", "pyproject.toml")
    content = b"".join((clone / name).read_bytes() for name in names)
    content += f"{clone.resolve()}\n".encode()
    digest = hashlib.sha256(content).hexdigest()
    (clone / ".venv" / "up-to-date").write_text(f"{digest}  -\n")


def test_setup_is_silent_when_nothing_changed(clone):
    finished_environment(clone)
    result = setup(clone)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "changed", ["tools/requirements.lock", "tools/requirements.hashes", "pyproject.toml"]
)
def test_setup_acts_when_the_lock_or_the_project_changed(clone, changed):
    finished_environment(clone)
    with (clone / changed).open("a") as file:
        file.write("\n")
    # It gets as far as looking for the tools it needs.
    result = setup(clone)
    assert result.returncode == 2
    assert "g++ is needed" in result.stderr


def small_wheel(folder: Path, name: str, version: str) -> str:
    """A wheel without content; its digest."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    information = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{information}/METADATA", f"Name: {name}\nVersion: {version}\n")
        wheel.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{information}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("altered", [False, True])
def test_setup_installs_no_file_with_another_digest(clone, tmp_path, altered):
    digest = small_wheel(tmp_path, "small", "1.0")
    small_wheel(tmp_path, "torch", "2.0")  # any build of it will do
    (clone / "tools" / "requirements.lock").write_text("small==1.0\ntorch==2.0\n")
    (clone / "tools" / "requirements.hashes").write_text(f"small==1.0 --hash=sha256:{digest}\n")
    if altered:
        with (tmp_path / "small-1.0-py3-none-any.whl").open("ab") as file:
            file.write(b"!")
    (clone / "pyproject.toml").write_text("no project, so setup ends when all is installed")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    result = setup(clone, "g++", "make", "perl", PYTHON=sys.executable, **offline)
    assert result.returncode == 2
    installed = {path.name for path in clone.glob(".venv/lib/python*/site-packages/*.dist-info")}
    assert "torch-2.0.dist-info" in installed
    assert ("small-1.0.dist-info" in installed) is not altered
    named = "a package is not the file that tools/requirements.hashes names"
    assert (named in result.stderr) is altered


@pytest.mark.parametrize(
    ("folder", "line", "contract"),
    [
        ("program", "from triggernet.learning import tasks", "The floors of the house"),
        ("deployment/rtl", "from triggernet.deployment import hls", "Emitters are peers"),
        ("data", "from triggernet.program import Program", "The floors of the house"),
        ("studies/sweep", "from triggernet.studies import widths", "The rooms of studies"),
    ],
)
def test_an_import_against_a_contract_is_refused(folder, line, contract, tmp_path):
    ignored = shutil.ignore_patterns("__pycache__", "*.h5")
    shutil.copytree(ROOT / "triggernet", tmp_path / "triggernet", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "triggernet" / folder / "smuggled.py").write_text(f"{line}\n", "utf-8")
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    broken = [text for text in done.stdout.splitlines() if text.endswith("BROKEN")]
    assert [text for text in broken if text.startswith(contract)]
    assert "smuggled" in done.stdout
