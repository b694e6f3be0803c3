"""The samples of jets that travel with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from triggernet.errors import UsageError

Sample = Literal["toptag_generated", "toptag_test", "toptag_reference", "fiveclass_test"]


def sample_path(name: Sample) -> Path:
    """Path of a packaged sample, for `triggernet.data.load_jets`.

    Parameters
    ----------
    name : "toptag_generated", "toptag_test", "toptag_reference" or "fiveclass_test"
        36,000 jets made by ``triggernet generate`` to train on and 24,000 of another seed to test
        on, 32 leading constituents, in the compact form; or the 1,000 reference jets that they are
        compared with; or 10,000 generated jets of five classes, 16 constituents, to test on.

    Raises
    ------
    UsageError
        For another name.
    """
    names = get_args(Sample)
    if name not in names:
        raise UsageError(f"no packaged sample {name!r}; there are {', '.join(names)}")
    return Path(__file__).parent / f"{name}.h5"
