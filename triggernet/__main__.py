"""``python -m triggernet`` and the installed script are the ``triggernet`` command."""

from __future__ import annotations

import sys

from triggernet.signals import Stopped, request_behind, stoppable


def main() -> int:
    """Run the process's own command line and return its exit code.

    A request to stop is one line also while the command line is still being loaded. Once the
    command has ended its exit code stands, whatever arrives while Python puts things away.
    """
    try:
        with stoppable(last=True):
            from triggernet.cli import main as run

            return run()
    except (KeyboardInterrupt, Exception) as error:
        match request_behind(error):
            case None:
                raise
            case Stopped(signal=number):
                sys.stderr.write(f"triggernet: error: stopped by {number.name}\n")
                return 128 + number
            case _:
                sys.stderr.write("triggernet: error: interrupted\n")
                return 130
    finally:
        # CPython 3.11 remembers an interrupt that arrives within `exec` of a text, as dataclasses
        # use it, and ends by SIGINT although it was caught. The next `exec` makes it forget.
        exec("")  # noqa: S102


if __name__ == "__main__":
    sys.exit(main())
