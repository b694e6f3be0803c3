"""A command that is stopped at random moments, and twice at once: see tools/bench/interruptions.py.

The bench does the same with more commands and more often.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "tools" / "bench" / "interruptions.py"


def test_an_export_that_is_disturbed_loses_nothing():
    words = ["--rounds", "4", "--only", "export", "--how", "KILL", "TERM", "twice"]
    bench = subprocess.run(
        [sys.executable, SCRIPT, *words], capture_output=True, text=True, check=False
    )
    assert bench.returncode == 0, bench.stdout + bench.stderr
    assert bench.stdout.count("as it should be") == 4
