"""An order of the constituents that no permutation of the input changes.

Sums in floating point depend on the order of their terms. A model that first brings its
constituents into a canonical order gives the same bits for every permutation.
"""

from __future__ import annotations

import torch
from torch import Tensor


def rising(values: Tensor) -> Tensor:
    """Places (..., N) that sort the last axis of (..., N), rising; equal values keep their order.

    The exporter to ONNX knows no stable sort. The TopK of ONNX prefers the lower of two places with
    equal values, which is the same; that of PyTorch promises nothing.
    """
    if torch.onnx.is_in_onnx_export():
        return values.topk(values.shape[-1], largest=False)[1]
    return values.argsort(dim=-1, stable=True)


def canonical(values: Tensor) -> Tensor:
    """Rows (B, N, F) in falling order of the first column, then of the second, and so on.

    Unchanged in an export to ONNX, which has no stable sort: only the rounding of sums depends on
    it.
    """
    if torch.onnx.is_in_onnx_export():
        return values
    for column in reversed(range(values.shape[-1])):
        order = values[..., column].argsort(dim=1, descending=True, stable=True)  # (B, N)
        values = values.gather(1, order[..., None].expand_as(values))  # (B, N, F)
    return values
