"""The benchmark of speed: training, project build and C simulation, in one run of some minutes.

    .venv/bin/python tools/bench/speed.py

Runs `training.py` and `hls.py`, which can also be run alone with their own options. Each uses one
core; other work on the machine makes the figures worse.
"""

from __future__ import annotations

import hls
import training


def main() -> None:
    """Print both tables."""
    print("Training, loss and gradient on one core:")
    training.main([])
    print("\nHLS projects of the zoo, one core:")
    hls.main([])


if __name__ == "__main__":
    main()
