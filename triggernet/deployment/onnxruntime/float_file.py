"""The float model of a run as an ONNX file, from the stated inputs to the logits."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import onnx
import torch
from torch import Tensor, nn

from triggernet.config import dump_config
from triggernet.errors import UnsupportedError, in_one_line
from triggernet.learning.training.features import exact_inputs
from triggernet.version import __version__

if TYPE_CHECKING:
    from triggernet.data import Jets
    from triggernet.learning.training import Run

OPSET = 18
OUTPUT = "logits"
METADATA = "triggernet.float"


class _Reading(Mapping[str, Tensor]):
    """Inputs that remember which of them are read."""

    def __init__(self, inputs: Mapping[str, Tensor]) -> None:
        self.inputs, self.read = inputs, dict.fromkeys(inputs, False)

    def __getitem__(self, name: str) -> Tensor:
        tensor = self.inputs[name]
        self.read[name] = True
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self.inputs)

    def __len__(self) -> int:
        return len(self.inputs)


class _ClassLogits(nn.Module):
    """The logits of the classes, of positional inputs, as the exporter needs it."""

    def __init__(self, run: Run, names: tuple[str, ...], parts: tuple[str, ...]) -> None:
        super().__init__()
        self.model, self.task, self.names = run.float_model, run.config.task, names
        self.parts = parts

    def forward(self, *tensors: Tensor) -> Tensor | tuple[Tensor, ...]:
        inputs = dict(zip(self.names, tensors, strict=True))
        if not self.parts:
            return self.task.logits(self.model(inputs))
        outputs, parts = cast("Any", self.model).with_parts(inputs, self.parts)
        return self.task.logits(outputs), *(parts[name] for name in self.parts)


def float_onnx(run: Run, jets: Jets, parts: tuple[str, ...] = ()) -> bytes:
    """The float model of a run as one ONNX file.

    Its inputs are those of `triggernet.learning.training.features.exact_inputs` that the model
    reads, its output the logits of the classes. All the rest is in it: standardisation, masks,
    features of pairs, neighbours. The batch is dynamic.

    Parameters
    ----------
    run : Run
    jets : Jets
        Any; they show the exporter what the inputs look like.
    parts : tuple of str
        Tasks of constituents and pairs whose outputs the file has too, by their names: see
        `ModelFamily.parts`.

    Raises
    ------
    UnsupportedError
        If the model computes something that PyTorch cannot put into an ONNX file.
    """
    inputs = _read_inputs(run, jets)
    # All in evaluation mode: the exporter leaves a module, and what is in it, as it finds it.
    model = _ClassLogits(run, tuple(inputs), parts).eval()
    buffer: Any = io.BytesIO()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            # torch 2.13 deprecates this exporter; the other one needs a package more.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                model,
                tuple(inputs.values()),
                buffer,
                dynamo=False,
                opset_version=OPSET,
                input_names=list(inputs),
                output_names=[OUTPUT, *parts],
                dynamic_axes={name: {0: "batch"} for name in (*inputs, OUTPUT, *parts)},
            )
    except Exception as error:  # the exporter raises anything over what it does not know
        name = run.config.model.name
        raise UnsupportedError(
            f"the float model {name!r} has no ONNX form: {in_one_line(error)}; leave --onnx out"
        ) from error
    return _named(buffer.getvalue(), run)


def feed(session: Any, inputs: Mapping[str, Tensor]) -> dict[str, Any]:
    """Those inputs that a session on such a file asks for, as arrays."""
    return {each.name: inputs[each.name].numpy() for each in session.get_inputs()}


def _read_inputs(run: Run, jets: Jets) -> dict[str, Tensor]:
    """Those inputs of the float model that it reads, in order, of these jets."""
    inputs = _Reading(exact_inputs(jets, run.config))
    with torch.no_grad():
        run.float_model.eval()(inputs)
    return {name: x for name, x in inputs.inputs.items() if inputs.read[name]}


def _named(content: bytes, run: Run) -> bytes:
    """The same file with the name of the model and what its inputs are made of."""
    model = onnx.load_model_from_string(content)
    model.graph.name = run.config.model.name
    model.producer_name, model.producer_version = "triggernet", __version__
    about: dict[str, Any] = {"model": dump_config(run.config.model)}
    about["encoding"] = dump_config(run.config.encoding)
    onnx.helper.set_model_props(model, {METADATA: json.dumps(about, sort_keys=True)})
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
