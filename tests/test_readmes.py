"""Every folder says what lives there, and what it may import; the second is checked."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TREES = ("triggernet", "tools", "tests", "examples", "models", "docs")
MOST_LINES = 40
# Folders of files that are copied or filled in: their README.md is one of them.
FILLED_IN = ("triggernet/deployment/hls/templates", "triggernet/deployment/rtl/templates")


def folders() -> list[str]:
    """Every folder with a file that git knows, or that is new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *TREES]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    parents = {p for name in done.stdout.splitlines() for p in Path(name).parents}
    return sorted(p.as_posix() for p in parents if p.parts and (ROOT / p).is_dir())


def packages() -> list[str]:
    found = [f for f in folders() if f.startswith("triggernet/")]
    return [f for f in found if any((ROOT / f).glob("*.py"))]


def allowed(text: str) -> list[str]:
    """The modules below which a README allows imports, in dots."""
    (sentence,) = re.findall(r"(?s)\*\*May import:\*\*(.+?)[.;](?:\s|$)", text)
    names = re.findall(r"`(triggernet/[\w/.]+)`", sentence)
    return [name.removesuffix(".py").replace("/", ".") for name in names]


def imported(folder: str) -> set[str]:
    """Modules of the package that the files of a folder import, for types too."""
    found = set()
    for path in (ROOT / folder).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("triggernet"):
                found |= {_full(str(node.module), alias.name) for alias in node.names}
            elif isinstance(node, ast.Import):
                found |= {a.name for a in node.names if a.name.startswith("triggernet")}
    return found


def _full(module: str, name: str) -> str:
    """The module behind ``from module import name``."""
    path = ROOT / module.replace(".", "/") / name
    return f"{module}.{name}" if path.is_dir() or path.with_suffix(".py").is_file() else module


def is_ground(module: str) -> bool:
    return module.count(".") == 1 and not (ROOT / module.replace(".", "/")).is_dir()


@pytest.mark.parametrize("folder", folders())
def test_every_folder_says_what_lives_there(folder):
    text = (ROOT / folder / "README.md").read_text("utf-8")
    assert re.match(r"# \S", text)
    card = folder.startswith("models/")
    assert card or folder in FILLED_IN or len(text.splitlines()) < MOST_LINES


@pytest.mark.parametrize("folder", packages())
def test_a_folder_imports_what_its_readme_allows(folder):
    names = [folder.replace("/", "."), *allowed((ROOT / folder / "README.md").read_text("utf-8"))]
    others = {
        module
        for module in imported(folder)
        if not is_ground(module) and not any(f"{module}.".startswith(f"{name}.") for name in names)
    }
    assert not others, f"{folder}/README.md does not allow {', '.join(sorted(others))}"


def test_what_a_readme_allows_exists():
    for folder in packages():
        for name in allowed((ROOT / folder / "README.md").read_text("utf-8")):
            path = ROOT / name.replace(".", "/")
            assert path.is_dir() or path.with_suffix(".py").is_file(), f"{folder}: {name}"
