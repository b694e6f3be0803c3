"""SemiEquivariantNet against the mass of a pair: the messages of the first iteration."""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from triggernet.errors import ModelError
from triggernet.learning.models.pair_function import Floats, PairCurves, Reading

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig

FEATURES = ("d_eta", "d_phi", "log pT", "log E", "log pT/pT_jet", "log E/E_jet", "dR")


def of_model(model: Any, encoding: EncodingConfig) -> PairCurves:
    """The messages es_ij of the first iteration, and the hidden features.

    A massless constituent has s = 0 there, so that the message is a function of m_ij^2 alone:
    ``|v_i - v_j|^2 = -m_ij^2``. What follows mixes it with sums over other constituents.

    Raises
    ------
    ModelError
        For a model without scalars, which sees no invariant.
    """
    del encoding
    if model.config.n_scalars == 0:
        raise ModelError(
            "the model has n_scalars: 0 and sees no Lorentz invariant; there is no function of "
            "masses to show"
        )
    names = tuple(f"message {k + 1}" for k in range(model.config.n_scalars))
    features = FEATURES if model.config.n_hidden else ()
    return PairCurves(names, partial(_messages, model), features, partial(_without, model))


def _messages(model: Any, masses_gev: Floats) -> Floats:
    """Es of the first iteration (n, S) for pairs of these masses."""
    import torch

    from triggernet.learning.layers.message_passing import full_graph

    # Two constituents back to back with the mass asked for: E = m / 2 each.
    energy = torch.from_numpy(np.asarray(masses_gev, np.float64)) / 2  # (n,)
    zero = torch.zeros_like(energy)
    pair = [torch.stack([energy, energy * side, zero, zero], 1) for side in (1, -1)]
    momenta = torch.stack(pair, 1)  # (n, 2, 4)
    first = model.iterations[0]
    with torch.no_grad():
        v = momenta[:, :, None]  # (n, 2, 1, 4)
        graph = full_graph(momenta[..., 0] > 0)
        dtype = next(model.parameters()).dtype
        s = torch.zeros(len(energy), 2, 1, dtype=dtype)
        edges = first.phi_s(s, first.invariants(v, graph, dtype), graph)  # (n, 2, 2, S)
    return np.asarray(edges[:, 0, 1].double().numpy())


def _without(model: Any, feature: str) -> Any:
    """The model that is told the mean of a hidden feature, which it sees as 0."""
    import torch

    blind = copy.deepcopy(model)
    blind.size = model.size.clone()
    blind.size[FEATURES.index(feature)] = torch.inf
    return blind


READING = Reading(of_model)
