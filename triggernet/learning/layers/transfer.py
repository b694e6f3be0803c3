"""From the weights of a float model to the constants of quantised layers."""

from __future__ import annotations

from torch import Tensor

from triggernet.learning.layers.blocks import Dense, Values


def set_linear(
    dense: Dense,
    weight: Tensor,
    bias: Tensor,
    scale: float = 1.0,
    context: Tensor | None = None,
) -> None:
    """Start a quantised `Dense` from a linear map in floating point.

    Parameters
    ----------
    dense : Dense
        With one set of constants, F features, G outputs and, if `context` is given, H of context.
    weight : Tensor (G, F)
        As in `torch.nn.Linear`.
    bias : Tensor (G,)
    scale : float
        What the float model multiplies x with before the map. The quantised layer reads x as it
        is and has the factor, for which a power of two costs nothing, in its weights.
    context : Tensor (G, H), optional
        What multiplies the layer's context, in the units in which the quantised layer reads that.
    """
    assert dense.n_select == 1, "one set of weights for one of constants"
    assert (context is None) == (dense.context is None), (
        "weights of a context for those who read it"
    )
    dense.set_constants(
        _constants((weight * scale).mT, dense.weight.value),  # (1, F, G)
        _constants(bias, dense.bias.value),
        None
        if context is None or dense.context is None
        else _constants(context.mT, dense.context.value),  # (1, H, G)
    )


def _constants(values: Tensor, like: Tensor) -> Values:
    """One set of constants for a parameter of the shape of `like`."""
    one_set = values.detach().double().cpu()[None]  # (1, ...)
    assert one_set.shape == like.shape, f"{tuple(one_set.shape)} for {tuple(like.shape)}"
    constants: Values = one_set.numpy()
    return constants
