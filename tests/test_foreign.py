"""Files of somebody else, read as programs: exact, fast, or refused by the node's name."""

from __future__ import annotations

import numpy as np
import pytest
from foreign_graphs import Graph, weights
from foreign_models import NAMES, Reference, answers, codes_out, timed_import

MOST_SECONDS = 5.0


@pytest.mark.parametrize("name", NAMES)
def test_a_reference_model_gives_its_recorded_answers(name: str) -> None:
    reference = Reference(name)
    x, y = reference.arrays()
    found, seconds = timed_import(reference.load())
    recorded = codes_out(found, y)
    # float32 is a little off the grid where scales are no powers of two, and never nearly half.
    assert np.abs(recorded - np.rint(recorded)).max() < 1e-3
    assert np.array_equal(answers(found, x), np.rint(recorded))
    assert len(np.unique(answers(found, x), axis=0)) > 100
    assert seconds < MOST_SECONDS


def test_a_padded_convolution_shares_one_matrix() -> None:
    """Windows at the edge have the weights of all others, with zeros beyond the edge."""
    g = Graph((2, 6, 6))
    x = g.quant("x", 0.25, 6)
    y = g.node(
        "Conv", [x, g.weight(weights(np.random.default_rng(1), 4, 2, 3, 3))], pads=[1, 1, 1, 1]
    )
    found, seconds = timed_import(g.model(g.quant(y, 0.3, 6)))
    dense = next(node for node in found.program.nodes if node.op == "Dense")
    assert found.program.tensors[dense.output].shape == (36, 4)
    assert dense.attributes["in_features"] == 18
    assert seconds < MOST_SECONDS
