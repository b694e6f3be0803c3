"""What a SemiEquivariantNet is made of, and which of them have a hardware form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from triggernet.errors import ConfigError
from triggernet.models.layer_kinds import Activation, Norm

if TYPE_CHECKING:
    from triggernet.data import EncodingConfig


@dataclass(frozen=True)
class SemiEquivariantConfig:
    """Channels, layers and graph.

    Attributes
    ----------
    name : str
    n_scalars, n_vectors, n_hidden : int
        Widths of s, v and h, 0 to 256. Without scalars there are no vectors either: a plain
        interaction network of h. Without vectors the momenta stay as they are. Without h the
        output is Lorentz-invariant.
    iterations : int
        1 to 6 rounds of messages; the last one needs no vectors.
    edge_layers, node_layers : int
        Layers of phi, 1 to 3, and of theta, 0 to 3; with 0 the mean of the messages is the output.
        The last layer of theta is linear.
    head : tuple of int
        Outputs of the hidden layers behind the mean over constituents.
    shortcut : {"none", "skip", "concat"}
        Add the old s and h to the new ones (where their widths agree), or keep both side by side.
    activation : {"relu", "silu", "tanh"}
    norm : {"none", "batch", "layer"}
        Behind every dense layer that has an activation, but the head's.
    dropout : float
        Probability, behind those activations and the head's.
    graph : {"full", "knn_angular", "knn_minkowski", "knn_dynamic"}
        All pairs; the k nearest in (d_eta, d_phi) or in |I_ij| of the momenta; or the k nearest in
        [s, h], anew in every iteration. In the first one s is zero for massless constituents:
        there they are those nearest in h, or without h in |I_ij|.
    k : int or None
        Neighbours, for the three kNN graphs and only for them.
    products : bool
        Add <v_i, v_j> to I_ij.
    invariants : {"log", "linear"}
        How invariants enter: sgn(z) log(1 + |z|) with z in GeV^2, or z / 100 GeV^2.
    mean : {"present", "constant"}
        What sums over neighbours and constituents are divided by: how many there are, or a
        constant power of two, which is free in hardware.
    """

    name: Literal["semiequivariant"] = "semiequivariant"
    n_scalars: int = 8
    n_vectors: int = 1
    n_hidden: int = 8
    iterations: int = 2
    edge_layers: int = 2
    node_layers: int = 1
    head: tuple[int, ...] = (16,)
    shortcut: Literal["none", "skip", "concat"] = "none"
    activation: Activation = "relu"
    norm: Norm = "batch"
    dropout: float = 0.0
    graph: Literal["full", "knn_angular", "knn_minkowski", "knn_dynamic"] = "full"
    k: int | None = None
    products: bool = False
    invariants: Literal["log", "linear"] = "log"
    mean: Literal["present", "constant"] = "constant"

    def __post_init__(self) -> None:
        ranges = {"n_scalars": (0, 256), "n_vectors": (0, 256), "n_hidden": (0, 256)}
        ranges |= {"iterations": (1, 6), "edge_layers": (1, 3), "node_layers": (0, 3)}
        for key, (low, high) in ranges.items():
            if not low <= getattr(self, key) <= high:
                raise ConfigError(f"{key}: found {getattr(self, key)}; allowed is {low} to {high}")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout: found {self.dropout}; allowed is 0 to below 1")
        if min(self.head, default=1) < 1:
            raise ConfigError(f"head: found {self.head}; every layer needs an output")
        self._check_channels()
        self._check_graph()

    def _check_channels(self) -> None:
        if self.n_scalars == 0 and self.n_hidden == 0:
            raise ConfigError(
                "n_scalars and n_hidden are both 0, and nothing is left to decide by; "
                "give one of them a width"
            )
        if self.n_vectors > 0 and self.n_scalars == 0:
            raise ConfigError(
                f"n_vectors {self.n_vectors} with n_scalars 0: the attention that moves vectors is "
                "made of scalars; set n_vectors: 0 too, or give n_scalars a width"
            )
        if self.n_vectors > 1 and self.iterations == 1:
            raise ConfigError(
                f"n_vectors {self.n_vectors} with iterations 1: the vectors of the last iteration "
                "reach nothing; set n_vectors: 1 or 0, or iterations: 2"
            )
        if self.products and self.n_scalars == 0:
            raise ConfigError(
                "products: true with n_scalars 0: a model without scalars sees no invariants; "
                "leave products out, or give n_scalars a width"
            )
        if self.norm == "layer" and 1 in {self.n_scalars, self.n_hidden}:
            raise ConfigError(
                "norm: layer makes a constant of a channel of width 1; found n_scalars "
                f"{self.n_scalars}, n_hidden {self.n_hidden}: take wider ones, or norm: batch"
            )

    def _check_graph(self) -> None:
        if self.graph == "full" and self.k is not None:
            raise ConfigError(
                f"k: found {self.k} with graph: full, which has no k; leave k out, or take a graph "
                "of knn_angular, knn_minkowski, knn_dynamic"
            )
        if self.graph != "full" and (self.k is None or self.k < 1):
            raise ConfigError(f"k: found {self.k} with graph: {self.graph}; at least 1 is needed")


def check(config: SemiEquivariantConfig, encoding: EncodingConfig) -> None:
    """Raise ConfigError for more neighbours than there are other constituents."""
    if config.k is not None and config.k >= encoding.n_constituents:
        raise ConfigError(
            f"model.k {config.k} with encoding.n_constituents {encoding.n_constituents}: a "
            f"constituent has at most {encoding.n_constituents - 1} neighbours; lower k, or take "
            "model.graph: full"
        )


def unsupported(config: SemiEquivariantConfig, encoding: EncodingConfig) -> str | None:
    """Why a configuration has no hardware form; None if it has one."""
    reasons = {
        f"encoding.kind: {encoding.kind} gives constituents masses of their own, which the "
        "hardware form takes to be 0; set encoding.kind: polar": encoding.kind != "polar",
        f"encoding.eta_width {encoding.eta_width} and phi_width {encoding.phi_width} differ; set "
        "both to one width": encoding.eta_width != encoding.phi_width,
        "the hidden features read the whole jet, which encoding.jet: false leaves out; set "
        "encoding.jet: true, or model.n_hidden: 0": config.n_hidden > 0 and not encoding.jet,
        f"activation: {config.activation} has no exact form in fixed point; set activation: "
        "relu": config.activation != "relu",
        "norm: layer divides by a spread that differs from jet to jet; set norm: batch, whose "
        "factors are constants": config.norm == "layer",
        f"graph: {config.graph} needs a sorting network in front of every edge; set graph: "
        "full": config.graph != "full",
        "mean: present divides by a number that differs from jet to jet; set mean: constant, a "
        "power of two": config.mean == "present",
        "shortcut: skip adds sums to nodes without a layer between (node_layers: 0); set "
        "node_layers: 1": config.shortcut == "skip" and config.node_layers == 0,
        "products: true needs the masses of moved vectors; set products: false, or n_vectors: "
        "0": config.products and config.n_vectors > 0 and config.iterations > 1,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)
