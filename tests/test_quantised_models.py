"""Quantised models: what they share, and how their constants come from float models."""

from __future__ import annotations

import pytest
import torch

from triggernet.learning.layers import blocks as layers
from triggernet.learning.layers.quantisers import ActivationQuantiser
from triggernet.learning.layers.transfer import set_linear


def dense(features: tuple[int, int, int], relu: bool = False, n_select: int = 1) -> layers.Dense:
    """Wide enough that only the rounding of constants to 12 bits is left."""
    out = ActivationQuantiser(True, 24, 8, "ROUND")
    return layers.Dense(features, (12, 12), out, relu=relu, n_select=n_select).eval()


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("h", [0, 2])
def test_set_linear_makes_the_same_map(rank: int, h: int) -> None:
    torch.manual_seed(1)
    linear = torch.nn.Linear(5, 3)
    x, context = torch.randn(7, *(() if rank == 1 else (4,)), 5), torch.randn(7, h)
    shared = torch.randn(3, h) if h else None
    layer = dense((5, h, 3))
    set_linear(layer, linear.weight, linear.bias, 2.0**-3, shared)
    expected = linear(x / 8)
    if shared is not None:
        more = context @ shared.T
        expected = expected + (more if rank == 1 else more[:, None])
    found = layer(x, context) if h else layer(x)
    torch.testing.assert_close(found, expected, rtol=0, atol=0.02)


def test_set_linear_refuses_what_would_be_spread() -> None:
    weight, bias = torch.randn(3, 5), torch.randn(3)
    with pytest.raises(AssertionError, match=r"\(1, 1, 3\) for \(1, 5, 3\)"):
        set_linear(dense((5, 0, 3)), weight[:, :1], bias)
    with pytest.raises(AssertionError, match=r"\(1, 1\) for \(1, 3\)"):
        set_linear(dense((5, 0, 3)), weight, bias[:1])
    for features, context in (((5, 2, 3), None), ((5, 0, 3), torch.randn(3, 2))):
        with pytest.raises(AssertionError, match="for those who read it"):
            set_linear(dense(features), weight, bias, context=context)
    with pytest.raises(AssertionError, match="one set of weights"):
        set_linear(dense((5, 0, 3), n_select=2), weight, bias)
