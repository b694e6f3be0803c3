"""What trained models say, in physical units: one by one, and whether several agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from triggernet.deployment.project.layout import PROGRAM
from triggernet.errors import ModelError, UsageError
from triggernet.files import provenance, sha256_of
from triggernet.learning.models.pair_function import PairConstraints, PairCurves
from triggernet.learning.models.pair_function import Reading as FamilyReading
from triggernet.progress import say, track
from triggernet.statistics import area_under_roc
from triggernet.studies.interpret import sentences
from triggernet.studies.interpret.agreement import Agreement, agreement, matched, minima
from triggernet.studies.interpret.channels import Reading, in_parts, read
from triggernet.studies.interpret.curves import CurveReading, read_curves
from triggernet.studies.interpret.observed import Floats, Observed
from triggernet.studies.interpret.planes import Plane, planes
from triggernet.studies.interpret.profiles import Profile, profiles

if TYPE_CHECKING:
    from triggernet.data import Jets
    from triggernet.learning.training import Run
    from triggernet.program import Program


@dataclass(frozen=True)
class ReadRun:
    """One run, read.

    Attributes
    ----------
    name, folder, family : str
    n_parameters : int
    exact : Reading or CurveReading
        The float model.
    integers : Reading or None
        The constants of the fixed-point program, its channels in the order of `exact`.
    moved : float or None
        The share of pairs, over all channels, that pass in one of the two and not in the other.
    profiles : tuple of Profile
        The score of the float model against variables of jets.
    planes : tuple of tuple of Plane
        Of each channel, which pairs pass.
    sentence : str
    about : tuple of str
        A sentence a channel.
    """

    name: str
    folder: str
    family: str
    n_parameters: int
    exact: Reading | CurveReading
    integers: Reading | None
    moved: float | None
    profiles: tuple[Profile, ...]
    planes: tuple[tuple[Plane, ...], ...]
    sentence: str
    about: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "name": self.name,
            "folder": self.folder,
            "family": self.family,
            "n_parameters": self.n_parameters,
            "sentence": self.sentence,
            "channels": list(self.about),
            "float": self.exact.as_dict(),
            "integers": None if self.integers is None else self.integers.as_dict(),
            "pairs_moved": self.moved,
            "profiles": [each.as_dict() for each in self.profiles],
        }


@dataclass(frozen=True)
class Interpretation:
    """Runs in words and numbers.

    Attributes
    ----------
    runs : tuple of ReadRun
    agreement : Agreement or None
        Of all runs, where there are several of equally many channels.
    minima : tuple of Agreement
        Of those among them that ended in the same minimum; empty where each is alone.
    sample : str
    n_jets : int
    classes : tuple of str
        Names of background and signal.
    auc_mass : float
        Of the mass of the whole jet.
    label : int64 array (n,)
        1 for signal.
    provenance : mapping of str to str
    """

    runs: tuple[ReadRun, ...]
    agreement: Agreement | None
    minima: tuple[Agreement, ...]
    sample: str
    n_jets: int
    classes: tuple[str, ...]
    auc_mass: float
    label: NDArray[np.int64]
    provenance: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "sample": self.sample,
            "n_jets": self.n_jets,
            "classes": list(self.classes),
            "auc_mass": self.auc_mass,
            "runs": [run.as_dict() for run in self.runs],
            "agreement": None if self.agreement is None else self.agreement.as_dict(),
            "minima": [each.as_dict() for each in self.minima],
            "provenance": dict(self.provenance),
        }


@dataclass(frozen=True)
class _Subject:
    """A run with what it reads of the jets, before anything is said of it."""

    folder: Path
    run: Run
    momenta: Floats
    jet: Floats
    exact: Reading | CurveReading


def interpret(runs: Sequence[Path], data: Path) -> Interpretation:
    """Read runs on jets of two classes.

    Parameters
    ----------
    runs : sequence of Path
        Run folders, or entries of the zoo.
    data : Path
        Jets that no run was trained on.

    Raises
    ------
    UsageError
        If there is no run, or one is given twice.
    ModelError
        If a folder holds no finished run, or one of a family that states no pair function.
    DataError
        If the jets are unfit.
    """
    from triggernet.data import load_jets
    from triggernet.learning.training.features import check_jets
    from triggernet.learning.training.run_folder import finished_config

    if not runs or len({run.resolve() for run in runs}) < len(runs):
        raise UsageError(
            f"{len(runs)} runs are given, {len({run.resolve() for run in runs})} of them "
            "different; give at least one, and each once"
        )
    for folder in runs:
        _family_reading(folder, finished_config(folder).family.name)
    jets = load_jets(data)
    check_jets(jets)
    observed = Observed.of(jets)
    subjects = [_subject(folder, jets) for folder in track(runs, "reading", "runs")]
    agreed, subjects = _compared(subjects)
    alike = () if agreed is None else minima(agreed.runs, _readings(subjects))
    auc_mass = area_under_roc(observed.mass_gev, observed.label)
    alone = len(runs) == 1
    shown = tuple(
        _read_run(subject, observed, jets.classes, auc_mass, alone) for subject in subjects
    )
    made = provenance()
    about = {"read by": f"triggernet {made['triggernet']}, Python {made['python']}"}
    about[f"{data.name}, SHA-256"] = sha256_of(data)
    return Interpretation(
        shown, agreed, alike, data.name, len(jets), tuple(jets.classes), auc_mass, jets.label, about
    )


def _family_reading(folder: Path, family: str) -> FamilyReading:
    from triggernet.learning.models import model_family, model_names

    reading = model_family(family).reading
    if reading is None:
        known = [name for name in model_names() if model_family(name).reading is not None]
        raise ModelError(
            f"{folder} is of model {family!r}, which states no function of pairs; those that do: "
            f"{', '.join(known)}"
        )
    return reading


def _subject(folder: Path, jets: Jets) -> _Subject:
    from triggernet.learning.training import load_run
    from triggernet.learning.training.features import exact_inputs

    run = load_run(folder)
    config = run.config
    task = config.task
    task.check_complete(task.labels(jets.classes, jets.label), "sample")
    inputs = exact_inputs(jets, config)
    momenta, jet = inputs["momenta"].numpy(), inputs["jet"].numpy()
    function = _family_reading(folder, config.family.name).of_model(
        run.float_model, config.encoding
    )
    if isinstance(function, PairCurves):
        exact: Reading | CurveReading = _curves(function, run, inputs, jets)
    else:
        exact = read(function, momenta, jet, jets.label, _typical(momenta))
    return _Subject(folder, run, momenta, jet, exact)


def _curves(function: PairCurves, run: Run, inputs: dict[str, Any], jets: Jets) -> CurveReading:
    from triggernet.learning.training.sample import predict

    def score(model: Any) -> Floats:
        logits: Floats = run.config.task.logits(predict(model, inputs)).numpy()
        return logits

    return read_curves(function, score, run.float_model, jets.label)


def _typical(momenta: Floats) -> int:
    """The median number of constituents present."""
    return int(np.median((momenta[..., 0] > 0).sum(1)))


def _compared(subjects: list[_Subject]) -> tuple[Agreement | None, list[_Subject]]:
    """How far runs agree, and the runs with matching channels in the same place."""
    readings = _readings(subjects)
    numbers = {len(reading.channels) for reading in readings}
    if len(subjects) < 2:
        return None, subjects
    if len(readings) < len(subjects) or len(numbers) > 1:
        say("note: the runs are of different forms and are not compared with one another")
        return None, subjects
    alike = matched(readings)
    agreed = agreement([s.folder.name for s in subjects], alike)
    return agreed, [
        _Subject(s.folder, s.run, s.momenta, s.jet, reading)
        for s, reading in zip(subjects, alike, strict=True)
    ]


def _readings(subjects: list[_Subject]) -> list[Reading]:
    return [s.exact for s in subjects if isinstance(s.exact, Reading)]


def _read_run(
    subject: _Subject, observed: Observed, classes: Sequence[str], auc_mass: float, export: bool
) -> ReadRun:
    run, exact = subject.run, subject.exact
    names = tuple(classes)
    n_parameters = int(run.metrics["float"]["n_parameters"])
    about = (subject.folder.name, str(subject.folder), run.config.family.name, n_parameters)
    if isinstance(exact, CurveReading):
        sentence = sentences.of_curves(exact)
        return ReadRun(*about, exact, None, None, (), (), sentence, ())
    integers, moved = _integers(subject, exact, observed, export)
    shown = profiles(exact.score, observed, names)
    return ReadRun(
        *about,
        exact,
        integers,
        moved,
        shown,
        planes(exact, subject.momenta, subject.jet, observed, names),
        sentences.of_all(exact, shown, auc_mass),
        tuple(
            sentences.of_channel(k + 1, channel, names) for k, channel in enumerate(exact.channels)
        ),
    )


def _integers(
    subject: _Subject, exact: Reading, observed: Observed, export: bool
) -> tuple[Reading | None, float | None]:
    """What the constants of the program say, and how many pairs they judge otherwise.

    Neither where there is no program, and none is to be made by `export`.
    """
    family = _family_reading(subject.folder, subject.run.config.family.name)
    if family.of_program is None or subject.run.quantised_model is None:
        return None, None
    if not export and not (subject.folder / PROGRAM).is_file():
        return None, None
    made = family.of_program(_program(subject.folder), subject.run.config.encoding)
    if made.n_channels != len(exact.channels):
        return None, None
    integers = read(made, subject.momenta, subject.jet, observed.label, exact.count)
    integers = matched([integers], exact)[0]
    return integers, _moved(exact.constraints, integers.constraints, subject)


def _moved(first: PairConstraints, second: PairConstraints, subject: _Subject) -> float:
    """The share of pairs that only one of two sets of constraints lets pass."""
    differ = total = 0
    for _, x in in_parts(first, subject.momenta, subject.jet):
        pairs = x.pairs[..., None]
        one, two = first.arguments(x)[0] > 0, second.arguments(x)[0] > 0
        differ += int(((one != two) & pairs).sum())
        total += int(pairs.sum()) * one.shape[-1]
    return differ / max(total, 1)


def _program(folder: Path) -> Program:
    from triggernet.deployment.export import export_run
    from triggernet.program import Program as Kind

    if (folder / PROGRAM).is_file():
        return Kind.from_json((folder / PROGRAM).read_text(encoding="utf-8"), str(folder / PROGRAM))
    return export_run(folder).program
