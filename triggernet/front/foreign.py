"""Models of anybody, as `export` is given them: a file, a module, or where its class is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggernet.errors import UsageError
from triggernet.front.paths import AnyPath, maybe, path

if TYPE_CHECKING:
    from torch import nn

    from triggernet.deployment.export import Export

ENDING = ".onnx"


@dataclass(frozen=True)
class GivenModel:
    """A model that triggernet did not train.

    Attributes
    ----------
    path : Path or None
        Its file.
    module : torch.nn.Module or str or None
        The module, or where its class is.
    input_types, output_types : mapping of str to str
    state : Path or None
    example : Any
    """

    path: Path | None
    module: nn.Module | str | None
    input_types: Mapping[str, str]
    output_types: Mapping[str, str]
    state: Path | None
    example: Any

    def __str__(self) -> str:
        """For people."""
        return str(self.path or (self.module if isinstance(self.module, str) else "the module"))

    def export(self) -> Export:
        """The files of an export; errors as `triggernet.export`."""
        from triggernet.deployment.export.foreign import Types, export_file

        types = Types.parse(self.input_types, self.output_types)
        if self.path is not None:
            return export_file(self.path, types)
        from triggernet.deployment.export.module import export_module, load_network

        if isinstance(self.module, str):
            name = self.module.rpartition(":")[2]
            return export_module(load_network(self.module, self.state), self.example, types, name)
        assert self.module is not None
        return export_module(self.module, self.example, types)


def given_model(
    run: AnyPath | nn.Module,
    input_types: Mapping[str, str] | None,
    output_types: Mapping[str, str] | None,
    state: AnyPath | None,
    example: Any,
) -> GivenModel | Path:
    """A model of anybody, or a run folder.

    Raises
    ------
    UsageError
        For settings without effect, or a module without an example.
    """
    types = dict(input_types or {}), dict(output_types or {})
    module = _module(run)
    if module is not None:
        if example is None:
            raise UsageError(
                "a module needs the shape of one event of each input: give --example 1,16 "
                "(example=(1, 16))"
            )
        if state is not None and not isinstance(module, str):
            raise UsageError("state has no effect on a module that is there; load it yourself")
        return GivenModel(None, module, *types, maybe(state), example)
    idle = {"--state": state, "--example": example}
    file = path(run)  # type: ignore[arg-type]
    if file.suffix.lower() == ENDING and not file.is_dir():
        _refuse_idle(idle, "a module")
        return GivenModel(file, None, *types, None, None)
    idle |= {"--input-type": types[0] or None, "--output-type": types[1] or None}
    _refuse_idle(idle, "a QONNX file or a module")
    return file


def _module(run: AnyPath | nn.Module) -> nn.Module | str | None:
    if hasattr(run, "state_dict") and hasattr(run, "forward"):
        return run  # type: ignore[return-value]
    text = str(run)
    names = text.partition(":")
    plain = all(part.isidentifier() for part in names[0].split(".")) and names[2].isidentifier()
    return text if plain and not Path(text).exists() else None


def _refuse_idle(settings: Mapping[str, Any], needed: str) -> None:
    idle = [name for name, value in settings.items() if value is not None]
    if idle:
        raise UsageError(f"{', '.join(idle)} has no effect here: it needs {needed}")
