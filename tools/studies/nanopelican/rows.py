"""The rows of both tables: which network, by which protocol, how many seeds; as published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from trainings import Training

Protocol = Literal["ours", "paper"]


class Published(NamedTuple):
    """A row of Bogatskiy, Hoffman, Offermann 2023: values with errors over seeds, as printed."""

    accuracy: str
    auc: str
    rejection_30: str
    n_parameters: int


@dataclass(frozen=True)
class Row:
    """One network by one protocol, trained with several seeds.

    Attributes
    ----------
    protocol : {"ours", "paper"}
        The family's own recipe, or the paper's schedule.
    n_channels : int
        C; 0 for LorentzNet.
    scaled : bool
        With N-scaled aggregators.
    jets : {"train", "generated", "reference"}
        All jets to train on, as many of them as there are reference jets, or the reference jets.
    """

    protocol: Protocol
    n_channels: int = 2
    scaled: bool = False
    jets: str = "train"

    @property
    def name(self) -> str:
        """Of its trainings, without the seed."""
        parts = [self.protocol, f"c{self.n_channels}" if self.n_channels else "lorentznet"]
        parts += ["scaled"] * self.scaled + [self.jets] * (self.jets != "train")
        return "-".join(parts)

    @property
    def network(self) -> str:
        """As tables call it."""
        if not self.n_channels:
            return "LorentzNet, H = 3"
        return f"C = {self.n_channels}" + (", N-scaled" if self.scaled else "")


PUBLISHED: Mapping[tuple[int, bool], Published] = {
    (1, False): Published("0.895(1)", "0.950(2)", "81 ± 12", 11),
    (2, False): Published("0.918(1)", "0.9718(6)", "243 ± 18", 21),
    (3, False): Published("0.919(1)", "0.9730(4)", "256 ± 12", 31),
    (10, False): Published("0.921(1)", "0.9748(1)", "327 ± 20", 101),
    (1, True): Published("0.902(2)", "0.960(2)", "150 ± 16", 18),
    (2, True): Published("0.9200(3)", "0.9745(1)", "368 ± 17", 28),
    (3, True): Published("0.9214(3)", "0.9752(2)", "384 ± 16", 38),
    (10, True): Published("-", "0.9764(1)", "-", 108),
    (0, False): Published("0.907(2)", "0.966(3)", "174 ± 44", 120),
}
MASS_AUC = "0.906"  # of a cut on the jet mass, as published
CHANNELS = (1, 3, 10)  # beside 2
# What is trained, in this order: the part's name, its rows, and how many seeds of which each has.
PARTS: Mapping[str, tuple[Sequence[Row], int]] = {
    "stability": ([Row("ours")], 10),
    "paper2": ([Row("paper")], 5),
    "data": ([Row("ours", jets="generated"), Row("ours", jets="reference")], 5),
    "plain": ([Row("ours", C) for C in CHANNELS], 5),
    "scaled": ([Row("ours", C, True) for C in (2, *CHANNELS)], 5),
    "paper": ([Row("paper", C) for C in CHANNELS], 3),
    "paper-scaled": ([Row("paper", C, True) for C in (2, *CHANNELS)], 3),
    "lorentznet": ([Row("ours", 0)], 3),
}
FULL_SEEDS, FULL_KEPT = 25, 5
# A quarter of the paper's 4 + (4 + 8 + 16 + 32 + 64) + 12 epochs: 1 + (1 + 2 + 4 + 8 + 16) + 3.
QUARTER: Mapping[str, Any] = {
    "training.adamw.epochs": 35,
    "training.adamw.warmup_epochs": 1,
    "training.adamw.restart_epochs": 1,
    "training.adamw.decay_epochs": 3,
}
# LorentzNet's own 35 epochs, one of warm-up and one annealing, in batches of 512 as the paper says.
LORENTZNET: Mapping[str, Any] = {
    "training.adamw.epochs": 35,
    "training.adamw.warmup_epochs": 1,
    "training.adamw.restart_epochs": 32,
    "training.adamw.decay_epochs": 2,
    "training.adamw.learning_rate": 0.02,
}
# What is asked is the float model; the quantised one is left as a few jets calibrate it.
FLOAT: Mapping[str, Any] = {
    "training.seeds": 1,
    "training.fine_tune.epochs": 0,
    "training.fine_tune.calibration_jets": 20,
}


@dataclass(frozen=True)
class Protocols:
    """How trainings are done.

    Attributes
    ----------
    train, reference : Path
        Jets.
    n_constituents : int
    n_lorentznet : int
        Constituents of LorentzNet, whose time grows with their square.
    full : bool
        The paper's 140 epochs and 25 seeds, of which the five of lowest loss count.
    n_reference : int
        How many reference jets there are.
    more : mapping of str to Any
        Settings that win, for trials.
    """

    train: Path
    reference: Path
    n_constituents: int
    n_lorentznet: int
    full: bool
    n_reference: int = 1000
    more: Mapping[str, Any] | None = None

    def training(self, row: Row, seed: int) -> Training:
        """One training of a row."""
        N = self.n_constituents if row.n_channels else self.n_lorentznet
        settings: dict[str, Any] = {**FLOAT, "training.seed": seed, "encoding.n_constituents": N}
        if row.n_channels:
            settings |= {"model.n_channels": row.n_channels, "model.n_scaled": row.scaled}
        else:
            settings |= LORENTZNET
        if row.protocol == "paper" and not self.full:
            settings |= QUARTER
        settings |= dict(self.more or {})
        if row.jets == "generated":
            most = settings.get("training.max_jets", self.n_reference)
            settings["training.max_jets"] = min(most, self.n_reference)
        jets = self.reference if row.jets == "reference" else self.train
        return Training(
            f"{row.name}-{seed}",
            jets,
            None,
            settings,
            "nanopelican" if row.n_channels else "lorentznet",
            "paper" if row.protocol == "paper" else "default",
        )
