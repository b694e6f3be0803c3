"""``python -m triggernet`` is the ``triggernet`` command."""

import sys

from triggernet.cli import main

if __name__ == "__main__":
    sys.exit(main())
