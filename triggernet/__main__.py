"""``python -m triggernet`` and the installed script are the ``triggernet`` command."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the process's own command line and return its exit code.

    Ctrl-C is one line also while the command line is still being loaded.
    """
    try:
        from triggernet.cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("triggernet: error: interrupted\n")
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
