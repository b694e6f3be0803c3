"""The page on operators is followed to the letter, in a copy of the package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "howto" / "operator.md"
HELPERS = (
    "conftest.py",
    "grower.py",
    "operator_cases.py",
    "programs.py",
    "rtl_projects.py",
    "test_operators_values.py",
    "test_hls_kernels.py",
    "test_rtl_operators.py",
)
HARDWARE = """
def test_hardware(tmp_path):
    from test_hls_kernels import differences
    from test_rtl_operators import RtlConfig, evaluate, np, random_codes, simulated, together

    program = together([TestAbsolute().program(case) for case in TestAbsolute.cases])
    assert differences(program, tmp_path, 1) == {}
    codes = random_codes(program, 300)
    expected = evaluate(program, codes)
    found = simulated(tmp_path / "rtl", program, RtlConfig(), codes, expected)
    assert [name for name in expected if not np.array_equal(found[name], expected[name])] == []
"""


def blocks(kind: str) -> list[str]:
    return re.findall(rf"(?ms)^```{kind}\n(.*?)^```$", PAGE.read_text("utf-8"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package with the operator of the page, and the test class of the page."""
    shutil.copytree(
        ROOT / "triggernet",
        tmp_path / "triggernet",
        ignore=shutil.ignore_patterns("__pycache__", "*.h5"),
    )
    operators = tmp_path / "triggernet" / "program" / "operators"
    python, test = blocks("python")
    (header,) = blocks("cpp")
    (line,) = blocks("py")
    (operators / "absolute.py").write_text(python, "utf-8")
    (operators / "absolute.h").write_text(header, "utf-8")
    table = (operators / "__init__.py").read_text("utf-8")
    table = table.replace("TABLE = {\n", f"TABLE = {{\n{line}", 1)
    (operators / "__init__.py").write_text(table, "utf-8")
    for name in HELPERS:
        shutil.copy(ROOT / "tests" / name, tmp_path)
    with (tmp_path / "test_operators_values.py").open("a", encoding="utf-8") as file:
        file.write(f"\n\n{test}\n{HARDWARE}")
    return tmp_path


def test_the_operator_of_the_page_agrees_everywhere(copy: Path) -> None:
    options = ["-q", "-p", "no:cacheprovider", "-k", "Absolute or hardware", "--rootdir", copy]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *map(str, options),
            str(copy / "test_operators_values.py"),
        ],
        env={**os.environ, "PYTHONPATH": str(copy)},
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "37 passed" in done.stdout
