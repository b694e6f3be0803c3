"""Names of a package that are loaded when they are first asked for: PyTorch takes seconds."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from triggernet.progress import waiting


def lazily(package: str, where: Mapping[str, str], below: str = "") -> Callable[[str], Any]:
    """A module's `__getattr__` that imports what it is asked for.

    Parameters
    ----------
    package : str
        The module's own `__name__`.
    where : mapping of str to str
        For each public name the submodule that defines it; the two must differ, or importing the
        submodule would hide the name.
    below : str
        ``.front`` if the submodules lie in that package of the module.
    """

    def find(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        with waiting("loading PyTorch"):
            module = importlib.import_module(f"{package}{below}.{where[name]}")
        return getattr(module, name)

    return find
