"""From a PyTorch module with Brevitas' quantisers, anybody's, to the files of an export."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import onnx
import torch
from torch import Tensor, nn

from triggernet.deployment.export.foreign import Types, export_source
from triggernet.deployment.export.run import Export
from triggernet.errors import ModelError, UnsupportedError, UsageError, in_one_line

PLACE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")  # package.module:Network

Example = Sequence[int] | Tensor
_REFUSED = (
    ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, OSError,
    RuntimeError, SyntaxError, TypeError, ValueError,
)  # fmt: skip


def load_network(place: str, state: Path | None) -> nn.Module:
    """Make the module that ``package.module:Network`` names, with weights of a file.

    The current folder is looked into first, as Python does; the code of that module is run.

    Raises
    ------
    ModelError
        If there is no such module, it cannot be made without arguments, or the weights do not fit.
    """
    module_name, _, class_name = place.partition(":")
    with _current_folder():
        try:
            made = getattr(importlib.import_module(module_name), class_name)
            network = made() if isinstance(made, type) or not isinstance(made, nn.Module) else made
        except _REFUSED as error:
            raise ModelError(
                f"{place} cannot be made ({type(error).__name__}: {in_one_line(error)}); name a "
                "module on Python's path, and in it a class or function that takes no arguments"
            ) from error
    if not isinstance(network, nn.Module):
        raise ModelError(f"{place} is {type(network).__name__}, no torch.nn.Module")
    if state is not None:
        _load_state(network, state)
    return network


@contextmanager
def _current_folder() -> Iterator[None]:
    """The current folder in front of Python's path, as a script there would have it."""
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)


def _load_state(network: nn.Module, path: Path) -> None:
    if not path.is_file():
        raise ModelError(f"no weights at {path}; torch.save(network.state_dict(), ...) writes them")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        content = content.get("state_dict", content) if isinstance(content, dict) else content
        network.load_state_dict(content)
    except (*_REFUSED, EOFError) as error:
        raise ModelError(f"the weights in {path} do not fit: {in_one_line(error)}") from error
    except Exception as error:
        if type(error).__name__ != "UnpicklingError":
            raise
        raise ModelError(f"{path} holds no weights: {in_one_line(error)}") from error


def export_module(
    network: nn.Module, example: Example | Sequence[Example], types: Types, name: str = ""
) -> Export:
    """Export a module to QONNX and make the files of an export of it; writes nothing.

    Parameters
    ----------
    network : nn.Module
        Exported as it stands, in evaluation mode.
    example : tensor, shape, or a sequence of them
        One event for each input; the batch axis comes first and is 1.
    types : Types
    name : str
        Of the program; that of the class if empty.

    Raises
    ------
    UsageError
        If the example does not fit.
    UnsupportedError
        Naming what has no exact form.
    """
    title = name or type(network).__name__
    model = _qonnx(network, examples(example), title)
    file = f"{title}.onnx"
    return export_source(model, file, Path(file), types)


def examples(example: Example | Sequence[Example]) -> tuple[Tensor, ...]:
    """One tensor for each input, from shapes or tensors; UsageError for anything else."""
    several = isinstance(example, Sequence) and not all(isinstance(n, int) for n in example)
    every = list(example) if several else [example]
    tensors = []
    for one in every:
        if not isinstance(one, Tensor):
            shape: list[Any] = list(one) if isinstance(one, Sequence) else [0]
            if not all(isinstance(n, int) and n > 0 for n in shape):
                raise UsageError(f"an example is a tensor or a shape such as (1, 16); got {one!r}")
            tensors.append(torch.zeros(shape))
        else:
            tensors.append(one.float())
    wrong = [tuple(t.shape) for t in tensors if t.dim() < 2 or len(t) != 1]
    if wrong or not tensors:
        raise UsageError(
            "an example is one event with a batch axis in front, such as (1, 16); got "
            f"{wrong[0] if wrong else 'none'}"
        )
    return tuple(tensors)


def _qonnx(network: nn.Module, example: tuple[Tensor, ...], title: str) -> onnx.ModelProto:
    from brevitas.export import export_qonnx

    names = _argument_names(network, len(example))
    training = network.training
    try:
        with warnings.catch_warnings():
            # torch 2.13 deprecates the TorchScript exporter; the other one mistranslates residual
            # additions (brevitas issue 1608). brevitas 0.13 imports its own deprecated modules.
            warnings.simplefilter("ignore")
            exported: Any = export_qonnx(
                network.eval(), args=example, dynamo=False, input_names=names, output_names=["y"]
            )
    except _REFUSED as error:
        raise UnsupportedError(
            f"{title} cannot be exported to QONNX ({type(error).__name__}: {in_one_line(error)}); "
            "try brevitas.export.export_qonnx by hand"
        ) from error
    finally:
        network.train(training)
    return cast("onnx.ModelProto", exported)


def _argument_names(network: nn.Module, count: int) -> list[str]:
    """What the module calls its inputs."""
    given = [p.name for p in inspect.signature(network.forward).parameters.values()]
    plain = [name for name in given if name not in ("args", "kwargs")][:count]
    return plain if len(plain) == count else [f"x{k}" for k in range(count)]
