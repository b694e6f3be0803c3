"""Jets as the tensors that models read: exact values for float, decoded codes for quantised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from triggernet.data.encoding import (
    ANGLE_STEP_RAD,
    encode,
    exact_values,
    refuse_not_finite,
)
from triggernet.data.kinematics import massless, transverse_mass, transverse_momentum
from triggernet.errors import DataError

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig, Jets
    from triggernet.data.encoding import Encoded
    from triggernet.learning.training.config import RunConfig


def check_jets(jets: Jets) -> None:
    """Refuse jets that no tagger can be trained or judged on.

    Raises
    ------
    DataError
        For none, momenta that are not finite, or negative energies.
    """
    if len(jets) == 0:
        raise DataError("there are no jets in the sample; at least one of each class is needed")
    refuse_not_finite(jets)
    negative = (jets.constituents[..., 0] < 0).any(1) | (jets.jet[:, 0] < 0)
    if negative.any():
        raise DataError(
            f"{int(negative.sum())} jets have negative energies, first jet "
            f"{int(negative.argmax())}; the columns may be in another order than E, px, py, pz"
        )


def exact_inputs(jets: Jets, config: RunConfig) -> dict[str, Tensor]:
    """What the float model of a configuration reads of jets, by name: tensors (n, ...).

    Those of the model's family where it has inputs of its own, otherwise `float_inputs`.
    """
    inputs = config.family.inputs
    if inputs is None:
        return float_inputs(jets, config.encoding)
    arrays = inputs(config.model, config.encoding, jets)
    return {name: torch.from_numpy(np.ascontiguousarray(x)) for name, x in arrays.items()}


def float_inputs(jets: Jets, encoding: EncodingConfig) -> dict[str, Tensor]:
    """What float models read, without any rounding: float64 tensors.

    Returns
    -------
    dict
        ``momenta`` (n, N, 4) and ``jet`` (n, 4): (E, px, py, pz) in GeV, in the jet frame for a
        polar encoding (at rest along z, azimuth 0) and in the laboratory for a cartesian one; and
        the inputs of the encoding by their names, (n, N) or (n, 1), zero where absent.

    Raises
    ------
    DataError
        If the jets were cut off at fewer constituents than the encoding takes.
    """
    p, values = exact_values(jets, encoding)
    if encoding.polar:
        angles = values["eta"] * ANGLE_STEP_RAD, values["phi"] * ANGLE_STEP_RAD
        momenta = massless(values["pt"], *angles)
        zero = np.zeros(len(jets))
        m_t, pt = transverse_mass(jets.jet), transverse_momentum(jets.jet)
        jet = np.stack([m_t, pt, zero, zero], axis=-1)
    else:
        momenta, jet = p, jets.jet
    present = p[..., 0] > 0
    inputs = {"momenta": momenta * present[..., None], "jet": jet}
    for name in encoding.types:
        inputs[name] = values[name] if name.startswith("jet_") else values[name] * present
    return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in inputs.items()}


def hardware_inputs(jets: Jets, encoding: EncodingConfig) -> dict[str, Tensor]:
    """What quantised models read: the values of the encoded inputs (codes times the step).

    Returns
    -------
    dict
        By the names of ``encoding.types``: float32 tensors (n, N), or (n, 1) for those of the jet.
    """
    return code_values(encode(jets, encoding), encoding)


def code_values(encoded: Encoded, encoding: EncodingConfig) -> dict[str, Tensor]:
    """The values of encoded inputs, as `hardware_inputs` gives them."""
    return {
        name: torch.from_numpy((encoded.inputs[name] * kind.lsb).astype(np.float32))
        for name, kind in encoding.types.items()
    }
