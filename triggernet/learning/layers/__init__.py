"""Blocks of which quantised models are made, each exact in hardware, and what goes with them.

A model put together from these layers behind quantised inputs (`QuantisedModel`) is exported
operator by operator: what torch computes in training is what the firmware computes, to the last
bit. Everything here is public; names are loaded when they are asked for, since most need torch.
"""

from __future__ import annotations

from triggernet.lazy import lazily

_WHERE = {
    "ActivationQuantiser": "quantisers",
    "Add": "blocks",
    "Concat": "blocks",
    "ConstantQuantiser": "quantisers",
    "Count": "blocks",
    "Dense": "blocks",
    "DigitQuantisation": "widths",
    "EdgeJoin": "edges",
    "EdgeModel": "edge_network",
    "EdgeQuantisation": "edge_widths",
    "EdgeSum": "edges",
    "JetDotCartesian": "dots",
    "JetDotPolar": "dots",
    "JetMassCartesian": "dots",
    "JetMassPolar": "dots",
    "MitchellLog": "edges",
    "Multiply": "edges",
    "NetworkQuantisation": "widths",
    "OperatorLayer": "blocks",
    "PairAngle": "dots",
    "PairDotCartesian": "dots",
    "PairDotPolar": "dots",
    "PairRelu": "blocks",
    "PairRowSum": "blocks",
    "PairWeightedSum": "edges",
    "ParticleSum": "blocks",
    "PolarTables": "dots",
    "Quantisation": "widths",
    "QuantisedModel": "network",
    "QuantisedNetwork": "network",
    "SpurionFlag": "blocks",
    "Stack": "blocks",
    "Table": "edges",
    "VectorUpdate": "edges",
    "Width": "widths",
    "calibrate": "calibration",
    "constituent_inputs": "constituents",
    "constituent_types": "constituents",
}

__all__ = list(_WHERE)

__getattr__ = lazily(__name__, _WHERE)


def __dir__() -> list[str]:
    return sorted(_WHERE)
