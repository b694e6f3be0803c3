"""Runs side by side: physics, size and hardware of each on the same jets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triggernet.deployment.rtl.config import RtlConfig
from triggernet.errors import UsageError
from triggernet.files import provenance, sha256_of
from triggernet.parts import Part, load_part
from triggernet.progress import track
from triggernet.studies.compare.contender import (
    Contender,
    firmware,
    load_contender,
    refuse_foreign,
)
from triggernet.studies.compare.row import Row
from triggernet.studies.compare.trade_off import COSTS, TradeOff, trade_off

if TYPE_CHECKING:
    from triggernet.data import Jets

PART = "xcvu13p"  # that of every project by default


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes
    ----------
    rows : tuple of Row
        In the order in which the runs were given.
    sample : str
        The file of jets.
    n_jets : int
    part : Part
        What shares are of.
    provenance : mapping of str to str
    """

    rows: tuple[Row, ...]
    sample: str
    n_jets: int
    part: Part
    provenance: Mapping[str, str]

    @property
    def trade_offs(self) -> tuple[TradeOff, ...]:
        """The merit against each of COSTS, with the Pareto fronts."""
        return tuple(trade_off(self.rows, cost) for cost in COSTS)

    def as_dict(self) -> dict[str, Any]:
        """The comparison ready for JSON."""
        from triggernet.learning.tasks.metrics import SIGNAL_EFFICIENCY

        return {
            "sample": self.sample,
            "n_jets": self.n_jets,
            "signal_efficiency": SIGNAL_EFFICIENCY,
            "part": self.part.name,
            "runs": [row.as_dict(self.part) for row in self.rows],
            "pareto": {each.cost: each.as_dict() for each in self.trade_offs},
            "provenance": dict(self.provenance),
        }


def compare(
    runs: Sequence[Path],
    data: Path,
    config: RtlConfig | None = None,
    *,
    part: str | Path = PART,
) -> Comparison:
    """Compare runs on the same jets; each encodes them for itself.

    Parameters
    ----------
    runs : sequence of Path
        Run folders, entries of the zoo, projects.
    data : Path
        Jets that no run was trained on.
    config : RtlConfig, optional
        Clock, interval, tables and products of the design that is counted for a run without a
        project. A project's figures are those of its own design.
    part : str or Path
        The FPGA that shares are of: a name of the package's table, or a YAML file.

    Raises
    ------
    UsageError
        If there is no run, one is given twice, `config` would have no effect, or a name is unknown.
    ModelError, ProjectError
        If a folder holds no finished run, or a damaged project.
    DataError
        If the jets are unfit to judge a tagger.
    """
    from triggernet.data import load_jets
    from triggernet.learning.training.run_folder import finished_config

    names, fpga = _names(runs), load_part(part)
    for run in runs:
        refuse_foreign(run)
        finished_config(run)
    jets = load_jets(data)
    # From here on PyTorch is needed, which takes seconds to import.
    from triggernet.learning.training.features import check_jets

    contenders = [load_contender(name, run) for name, run in zip(names, runs, strict=True)]
    if config is not None and not any(c.is_lowered for c in contenders):
        raise UsageError(
            "interval, clock, tables and DSPs have no effect here: every run is a project with a "
            "design of its own, or has no hardware form; leave them out"
        )
    check_jets(jets)
    for task in dict.fromkeys(contender.run.config.task for contender in contenders):
        task.check_complete(task.labels(jets.classes, jets.label), f"sample {data.name}")
    rows = tuple(
        _row(contender, jets, config or RtlConfig())
        for contender in track(contenders, "comparing", "runs")
    )
    return Comparison(rows, data.name, len(jets), fpga, dict(_made(contenders, data)))


def _names(runs: Sequence[Path]) -> list[str]:
    """The shortest end of each path that no other run has; refuses a run that is given twice."""
    if not runs:
        raise UsageError("there are no runs to compare; give at least one run folder")
    resolved = [run.resolve() for run in runs]
    for path, times in Counter(resolved).items():
        if times > 1:
            raise UsageError(f"the run {path} is given {times} times; give each run once")

    def end(path: Path, depth: int) -> str:
        return "/".join(path.parts[-depth:])

    def name(path: Path) -> str:
        others = [other for other in resolved if other != path]
        depth = 1
        while any(end(path, depth) == end(other, depth) for other in others):
            depth += 1
        return end(path, depth)

    return [name(path) for path in resolved]


def _row(contender: Contender, jets: Jets, config: RtlConfig) -> Row:
    from triggernet.learning.evaluation import evaluate

    evaluation, run = evaluate(contender.run, jets), contender.run
    quantised = evaluation.quantised if contender.is_quantised else None
    return Row(
        contender.name,
        str(contender.folder),
        run.config.model.name,
        evaluation.float,
        quantised,
        evaluation.saturated if quantised is not None else {},
        firmware(contender, config),
        evaluation.auc_difference if quantised is not None else None,
    )


def _made(contenders: Sequence[Contender], data: Path) -> Iterator[tuple[str, str]]:
    """What made the comparison, and from what."""
    made = provenance()
    yield "compared by", f"triggernet {made['triggernet']}, Python {made['python']}"
    yield f"{data.name}, SHA-256", sha256_of(data)
    for contender in contenders:
        weights = contender.weights
        yield f"{contender.name}: {weights.name}, SHA-256", sha256_of(weights)
