"""The pages on operators, readers and models are followed to the letter, in a copy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OPERATOR_HELPERS = (
    "conftest.py",
    "grower.py",
    "operator_cases.py",
    "programs.py",
    "rtl_projects.py",
    "test_operators_values.py",
    "test_hls_kernels.py",
    "test_rtl_operators.py",
)
READER_HELPERS = ("damage.py", "jet_files.py", "old_files.py", "test_data_formats.py")
# Beside what the page says: the operator in C++ and in Verilog, alone and so in seconds.
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


def blocks(page: str, kind: str) -> list[str]:
    text = (ROOT / "docs" / "howto" / page).read_text("utf-8")
    return re.findall(rf"(?ms)^```{kind}\n(.*?)^```$", text)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package and nothing else."""
    left_out = shutil.ignore_patterns("__pycache__", "*.h5")
    shutil.copytree(ROOT / "triggernet", tmp_path / "triggernet", ignore=left_out)
    return tmp_path


def edit(path: Path, before: str, after: str) -> None:
    """Put `after` where `before` stands for the first time."""
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")


def printed_by(copy: Path, helpers: tuple[str, ...], name: str, test: str, chosen: str) -> str:
    """What pytest prints of the chosen tests after `test` was added to the file `name`."""
    for helper in helpers:
        shutil.copy(ROOT / "tests" / helper, copy)
    with (copy / name).open("a", encoding="utf-8") as file:
        file.write(f"\n\n{test}")
    options = ["-q", "-p", "no:cacheprovider", "-k", chosen, "--rootdir", str(copy)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(copy / name)],
        env={**os.environ, "PYTHONPATH": str(copy)},
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def test_the_operator_of_the_page_agrees_everywhere(copy: Path) -> None:
    operators = copy / "triggernet" / "program" / "operators"
    python, test = blocks("operator.md", "python")
    (header,) = blocks("operator.md", "cpp")
    (line,) = blocks("operator.md", "py")
    (operators / "absolute.py").write_text(python, "utf-8")
    (operators / "absolute.h").write_text(header, "utf-8")
    edit(operators / "__init__.py", "TABLE = {\n", f"TABLE = {{\n{line}")
    test = f"{test}\n{HARDWARE}"
    chosen = "Absolute or hardware"
    printed = printed_by(copy, OPERATOR_HELPERS, "test_operators_absolute.py", test, chosen)
    assert "37 passed" in printed  # 36, as the page says, and the hardware


def test_the_reader_of_the_page_reads(copy: Path) -> None:
    readers = copy / "triggernet" / "data" / "readers"
    python, test = blocks("reader.md", "python")
    (branch,) = blocks("reader.md", "py")
    (readers / "ntuple.py").write_text(python, "utf-8")
    edit(readers / "formats.py", "    native,\n", "    native,\n    ntuple,\n")
    edit(readers / "formats.py", '    if "table" in keys:', f'{branch}    if "table" in keys:')
    assert "2 passed" in printed_by(copy, READER_HELPERS, "test_data_formats.py", test, "ntuple")


def test_the_page_on_models_shows_the_files_of_the_example() -> None:
    """`test_own_family.py` trains, exports and verifies them."""
    package = ROOT / "examples" / "own_family" / "own_family"
    files = [package / f"{name}.py" for name in ("network", "quantised", "family")]
    assert blocks("model.md", "python") == [file.read_text("utf-8") for file in files]
    project = (ROOT / "examples" / "own_family" / "pyproject.toml").read_text("utf-8")
    assert all(block in project for block in blocks("model.md", "toml"))
