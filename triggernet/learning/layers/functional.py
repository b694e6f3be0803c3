"""Whole operators in PyTorch: differentiable while training, one ONNX node when exported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor

from triggernet.program.operators.node import Attribute

Function = Callable[..., Tensor]


def operator(
    op: str,
    function: Function,
    tensors: tuple[Tensor, ...],
    attributes: Callable[[], Mapping[str, Attribute]],
) -> Tensor:
    """Apply `function` to `tensors`; during an ONNX export record one node ``triggernet::op``.

    Parameters
    ----------
    op : str
        Name in the operator table.
    function : callable
        The operator's meaning in PyTorch.
    tensors : tuple of Tensor
    attributes : callable
        Gives the node's attributes, as in the operator table; called during an export only.
    """
    if not torch.onnx.is_in_onnx_export():
        return function(*tensors)
    with _untraced():
        result = function(*tensors)
    record: Any = _Recorded.apply
    return cast("Tensor", record(result, op, dict(attributes()), *tensors))


@contextmanager
def _untraced() -> Iterator[None]:
    """Compute without leaving a trace: the exporter would translate what the node replaces.

    torch 2.13 has no public call for this.
    """
    backend: Any = torch._C  # noqa: SLF001
    state = backend._get_tracing_state()  # noqa: SLF001
    backend._set_tracing_state(None)  # noqa: SLF001
    try:
        yield
    finally:
        backend._set_tracing_state(state)  # noqa: SLF001


class _Recorded(torch.autograd.Function):
    """Hands the result on and exports as one node that reads `tensors`."""

    @staticmethod
    def forward(_ctx: Any, result: Tensor, *_recorded: Any) -> Tensor:
        return result.clone()

    @staticmethod
    def symbolic(
        g: Any, result: Any, op: str, attributes: dict[str, Attribute], *tensors: Any
    ) -> Any:
        typed = {
            f"{key}_{'s' if isinstance(value, str) else 'i'}": (
                list(value) if isinstance(value, tuple) else value
            )
            for key, value in attributes.items()
        }
        return g.op(f"triggernet::{op}", *tensors, **typed).setType(result.type())
