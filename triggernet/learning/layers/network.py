"""What models in hardware arithmetic share: quantised inputs, widths, frozen scales, networks."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from torch import Tensor, nn

from triggernet.fixedpoint import FixedPoint, Rounding
from triggernet.learning.layers.blocks import Dense
from triggernet.learning.layers.constituents import constituent_types
from triggernet.learning.layers.quantisers import ActivationQuantiser, ConstantQuantiser
from triggernet.learning.layers.widths import NetworkQuantisation, Width
from triggernet.learning.tasks.losses import one_or_all

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig


class QuantisedModel(nn.Module):
    """A model with fake quantisation, exportable operator by operator; subclasses add `outputs`.

    Parameters
    ----------
    input_types : mapping of str to (int, FixedPoint)
        Length and type of each input, in order, as the encoding gives them.
    rounding : {"FLOOR", "ROUND"}
        Of every activation.
    """

    def __init__(
        self, input_types: Mapping[str, tuple[int, FixedPoint]], rounding: Rounding
    ) -> None:
        super().__init__()
        self.input_types, self.rounding = dict(input_types), rounding
        self.inputs = nn.ModuleDict(
            {
                name: ActivationQuantiser(kind.signed, kind.width, kind.integer, rounding)
                for name, (_, kind) in input_types.items()
            }
        )

    def out(self, width: Width, signed: bool = False) -> ActivationQuantiser:
        """A quantiser of that width, its binary point open if the width leaves it so."""
        return ActivationQuantiser(signed, width.width, width.integer, self.rounding)

    def values(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The inputs, quantised, in order."""
        return {name: self.inputs[name](inputs[name]) for name in self.input_types}

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Logits.

        Parameters
        ----------
        inputs : mapping of str to float tensors (B, length)
            Values of the encoded inputs (codes times the LSB).

        Returns
        -------
        tensor (B,) for one output, (B, C) for several
        """
        return one_or_all(self.outputs(inputs))

    def outputs(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The operators in order, from the inputs to the scores (B, C)."""
        raise NotImplementedError

    def freeze_scales(self) -> None:
        """Leave every scale as it is from now on."""
        for module in self.modules():
            if isinstance(module, ConstantQuantiser):
                module.frozen = True


class QuantisedNetwork(QuantisedModel):
    """A model that reads the constituents' inputs with `Dense` layers.

    Parameters
    ----------
    quantisation : NetworkQuantisation
    encoding : EncodingConfig
    """

    def __init__(self, quantisation: NetworkQuantisation, encoding: EncodingConfig) -> None:
        super().__init__(constituent_types(encoding), quantisation.rounding)
        self.quantisation = quantisation

    def hidden(self, features: int, outputs: int, context: int = 0) -> Dense:
        """A hidden layer with ReLU."""
        q = self.quantisation
        return Dense(
            (features, context, outputs),
            (q.weight, q.bias),
            self.out(q.hidden),
            relu=True,
            digits=q.digits,
        )

    def to_score(self, sizes: tuple[int, ...], n_outputs: int = 1) -> nn.ModuleList:
        """Hidden layers of these sizes, inputs first, and the layer that gives the logits."""
        q = self.quantisation
        last = Dense(
            (sizes[-1], 0, n_outputs),
            (q.weight, q.bias),
            self.out(q.score, signed=True),
            digits=q.digits,
        )
        return nn.ModuleList([*(self.hidden(a, b) for a, b in pairwise(sizes)), last])
