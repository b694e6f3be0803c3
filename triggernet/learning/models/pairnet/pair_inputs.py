"""What a pair network reads, in hardware arithmetic: logarithms to base 2, and angles.

Nothing here is trained.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np
from torch import Tensor, nn

from triggernet.data.encoding import ANGLE_STEP_RAD
from triggernet.fixedpoint import FixedPoint
from triggernet.learning.layers import blocks as layers
from triggernet.learning.layers import dots as dot_layers
from triggernet.learning.layers import edges as edge_layers
from triggernet.learning.layers.basis import Basis
from triggernet.learning.layers.blocks import Values
from triggernet.learning.layers.edge_network import inverse_log
from triggernet.learning.models.pairnet.network import ANGLE_UNIT_RAD, OCTAVES, SMALLEST_GEV2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triggernet.learning.layers.network import QuantisedModel
    from triggernet.learning.layers.quantisers import ActivationQuantiser
    from triggernet.learning.models.pairnet.config import PairNetConfig, PairNetQuantisation

LOWEST_OCTAVE = round(math.log2(SMALLEST_GEV2))  # of log2 d_ij where its code is 0
ABOVE_POINT = 3  # L(1 + x 2^k) is almost L(x) + k if x 2^k is 8 at least; the shift is wiring
MITCHELL_MEAN = 1.5 - 1 / math.log(2)  # by how much L lies below log2 on average
STEPS_A_UNIT = 16.0  # of an angle: then its numbers are as large as those of logarithms


class QuantisedPairInputs(nn.Module):
    """log2 d_ij of pairs, and features of constituents and of the jet.

    Parameters
    ----------
    model : QuantisedModel
        Whose inputs and rounding they have.
    config : PairNetConfig
    quantisation : PairNetQuantisation
    """

    def __init__(
        self, model: QuantisedModel, config: PairNetConfig, quantisation: PairNetQuantisation
    ) -> None:
        super().__init__()
        self.quantisation = q = quantisation
        kinds = {name: kind for name, (_, kind) in model.input_types.items()}
        assert q.table.integer is not None
        word = FixedPoint(False, q.table.width, q.table.integer)
        tables = dot_layers.PolarTables(
            kinds["eta"].width, ANGLE_STEP_RAD, word, FixedPoint(False, 10, 2)
        )
        self.invariant = config.features == "invariants"
        self.angle = dot_layers.PairAngularFactor(tables, model.out(q.angle))
        self.log_angle, angle_unit = self._log(model, self.angle.out)
        self.log_pt, pt_unit = self._log(model, _input(model, "pt"))
        middle = half_step(self.log_pt.out)
        offset = (-LOWEST_OCTAVE - angle_unit) / 2 - (pt_unit + MITCHELL_MEAN + middle)
        self.share = edge_layers.Table(
            partial(_shifted_log, offset, middle),
            _slope,
            self.log_pt.out,
            model.out(q.share, signed=True),
        )
        self.pair_log = edge_layers.PairJoin(model.out(q.pair_log), relu=False)
        no_spurions = (False, False)
        self.r = dot_layers.JetDotPolar(tables, no_spurions, model.out(q.inner), model.out(q.r))
        self.mass = dot_layers.JetMassPolar(model.out(q.mass))
        self.log_r, r_unit = self._log(model, self.r.out)
        self.log_mass, mass_unit = self._log(model, self.mass.out)
        self.fraction = layers.Add(model.out(q.log, signed=True), subtract=True, broadcast=True)
        # Rows of float features in hardware ones: a factor and a constant each.
        octave, lost = 1 / OCTAVES, half_step(model.out(q.columns)) - half_step(self.log_r.out)
        rows = [(octave, (mass_unit - r_unit + lost) * octave + 1)]
        jet_rows = [(octave, -mass_unit * octave - 3)]
        if self.invariant:
            rows.append((octave, (lost - r_unit) * octave - 2))
        else:
            self.sizes = nn.ModuleList(self._size(model, name) for name in ("eta", "phi"))
            self.stack = layers.Stack(model.out(q.columns))
            self.log_jet, jet_unit = self._log(model, _input(model, "jet_pt"))
            self.jet = layers.Concat(model.out(q.log))
            step = STEPS_A_UNIT * ANGLE_STEP_RAD / ANGLE_UNIT_RAD
            rows += [(octave, (lost - pt_unit) * octave - 1), (step, -1.0), (step, -1.0)]
            jet_rows.append((octave, -jet_unit * octave - 2))
        self.columns = layers.Concat(model.out(q.columns, signed=True))
        self.basis, self.jet_basis = _basis(rows), _basis(jet_rows)

    def _log(
        self, model: QuantisedModel, source: ActivationQuantiser
    ) -> tuple[edge_layers.MitchellLog, float]:
        """A logarithm of what `source` makes, and by how much it lies above log2 on average."""
        shift, out = source.kind.fraction + ABOVE_POINT, model.out(self.quantisation.log)
        above = shift - MITCHELL_MEAN - half_step(out)
        return edge_layers.MitchellLog(shift, source, out), above

    def _size(self, model: QuantisedModel, name: str) -> edge_layers.Table:
        """The size of an angle."""
        out = model.out(self.quantisation.columns)
        return edge_layers.Table(_size, _slope, _input(model, name), out)

    def forward(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The address ``pair`` (B, P), ``x`` (B, N, F), ``jet`` (B, G), ``present`` (B, N)."""
        particles = [values[name] for name in ("pt", "eta", "phi")]  # (B, N) each
        jet = [values[name] for name in ("jet_pt", "jet_excess")]  # (B, 1) each
        pt, eta, phi = particles
        log_pt = self.log_pt(pt)  # (B, N)
        pair = self.pair_log(self.share(log_pt), self.log_angle(self.angle(eta, phi)))  # (B, P)
        log_r = self.log_r(self.r(*particles, *jet))  # (B, N, 1)
        log_mass = self.log_mass(self.mass(*jet))  # (B, 1)
        columns = [self.fraction(log_r, log_mass)]  # (B, N, 1)
        if self.invariant:
            x = self.columns(*columns, log_r)  # (B, N, 2)
            return {"pair": pair, "x": x, "jet": log_mass, "present": pt}
        sizes = (size(angle) for size, angle in zip(self.sizes, (eta, phi), strict=True))
        x = self.columns(*columns, self.stack(log_pt, *sizes))  # (B, N, 4)
        of_jet = self.jet(log_mass, self.log_jet(jet[0]))  # (B, 2)
        return {"pair": pair, "x": x, "jet": of_jet, "present": pt}


def half_step(out: ActivationQuantiser) -> float:
    """By how much a quantiser lowers a value on average."""
    return out.kind.lsb / 2 if out.rounding == "FLOOR" else 0.0


def _input(model: QuantisedModel, name: str) -> ActivationQuantiser:
    return cast("ActivationQuantiser", model.inputs[name])


def _basis(rows: list[tuple[float, float]]) -> Basis:
    """Float features that are each a factor times a hardware feature plus a constant."""
    factors, constants = (np.array(column) for column in zip(*rows, strict=True))  # (F,) each
    return Basis(np.diag(factors), np.zeros((len(rows), 0)), constants)


def _shifted_log(offset: float, middle: float, logarithm: Values) -> Values:
    """log2 of the x whose L(1 + x) is given up to its last step, and a constant."""
    shifted: Values = np.log2(inverse_log(logarithm + middle).clip(min=0.5)) + offset
    return shifted


def _size(steps: Values) -> Values:
    size: Values = np.abs(steps) / STEPS_A_UNIT
    return size


def _slope(values: Values) -> Values:
    """Of what nothing in front is trained by: none."""
    return np.zeros_like(values)
