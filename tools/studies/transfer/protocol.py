"""One transfer of the study: its settings, its place on disk, its result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainings import Training, trained

import triggernet
from triggernet.files import read_json, write_json

HERE = Path(__file__).parent
FRACTION = 0.2  # of the jets given, set aside for validation
RESULT = "judged.json"
LUNDNET_3 = {"model.coordinates": ["lnz", "lnDelta", "lnKt"]}
# Recipes by name: the family, its file, and what differs.
NETWORKS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "LundNet-5": ("lundnet", "lundnet.yaml", {}),
    "LundNet-3": ("lundnet", "lundnet.yaml", LUNDNET_3),
    "ParticleNet-Lite": ("particlenet", "particlenet.yaml", {}),
}
MODES = ("scratch", "fine-tuned", "frozen")


@dataclass(frozen=True)
class Transfer:
    """A training that the study asks for.

    Attributes
    ----------
    network : str
        A key of `NETWORKS`.
    mode : str
        One of `MODES`; all but the first need a source.
    n_jets : int
        That weights are fitted to; as many again times `FRACTION` / (1 - `FRACTION`) judge them.
    seed : int
    source : str
        What the source was trained on, for the name: "top2000", "w500".
    rate : float
        Of the learning rate from scratch, what a fine-tuning has.
    further : mapping of str to Any
        More settings, by dotted keys.
    """

    network: str
    mode: str = "scratch"
    n_jets: int = 1000
    seed: int = 0
    source: str = ""
    rate: float = 0.1
    further: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of its folder."""
        parts = [self.network, self.mode, self.source, f"{self.n_jets}", f"seed{self.seed}"]
        return "-".join(part for part in parts if part)

    def settings(self, learning_rate: float, source_run: Path | None) -> dict[str, Any]:
        """What is given beside the file of the network."""
        family, _, own = NETWORKS[self.network]
        del family
        found: dict[str, Any] = {
            **own,
            "training.seed": self.seed,
            "training.validation_fraction": FRACTION,
            "training.max_jets": round(self.n_jets / (1 - FRACTION)),
        }
        if self.mode != "scratch":
            assert source_run is not None, "a transferred training has a source"
            found["training.start.from"] = str(source_run)
        if self.mode == "fine-tuned":
            found["training.adamw.learning_rate"] = learning_rate * self.rate
        if self.mode == "frozen":
            found["training.start.trunk"] = "frozen"
        return found | dict(self.further)


@dataclass(frozen=True)
class Place:
    """Where the study lies, and its files of jets."""

    folder: Path
    data: Mapping[str, Path]
    test: Path
    small: Mapping[str, Any] = field(default_factory=dict)  # for tests: settings of all trainings

    def run(self, training: Transfer) -> Path:
        """The run folder of a training."""
        return self.folder / "runs" / training.name


def done(place: Place, training: Transfer, source: Transfer | None, sample: str) -> dict[str, Any]:
    """The result of a training: trained and judged now, unless that was done before.

    Returns
    -------
    dict
        AUC and rejection on the test jets with their errors, validation AUC by epoch, and the
        processor seconds of the training where it ran in one go.
    """
    folder = place.run(training)
    if (folder / RESULT).is_file():
        found: dict[str, Any] = read_json(folder / RESULT)
        return found
    family, file, _ = NETWORKS[training.network]
    rate = learning_rate(HERE / file)
    given = training.settings(rate, None if source is None else place.run(source))
    given |= dict(place.small)
    asked = Training(training.name, place.data[sample], HERE / file, given, family)
    seconds = trained(asked, folder)
    judged = triggernet.evaluate(folder, data=place.test).float
    history = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    found = {
        "network": training.network,
        "mode": training.mode,
        "source": training.source,
        "n_jets": training.n_jets,
        "seed": training.seed,
        "parameters": judged.n_parameters,
        "auc": judged.auc,
        "auc_error": judged.auc_error,
        "rejection_50": judged.rejection_50,
        "rejection_50_low": judged.rejection_50_low,
        "rejection_50_high": judged.rejection_50_high,
        "epochs": [e["validation_auc"] for e in history if e["stage"] == "adamw"],
        "cpu_seconds": seconds,
    }
    write_json(folder / RESULT, found)
    return found


def learning_rate(file: Path) -> float:
    """The learning rate that a file of settings states."""
    from triggernet.config import read_key

    rate: float = read_key("training.adamw.learning_rate", file, None)
    return rate
