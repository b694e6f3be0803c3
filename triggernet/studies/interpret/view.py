"""An interpretation as people read it: every number as text, ready for the templates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from triggernet.learning.models.pair_function import COEFFICIENTS
from triggernet.reports.pages.text import number, percent
from triggernet.studies.interpret.agreement import Agreement
from triggernet.studies.interpret.channels import TITLES, Channel, Reading
from triggernet.studies.interpret.charts import (
    Chart,
    added_chart,
    curves_chart,
    plane_chart,
    profile_chart,
    row_title,
    spread_chart,
)
from triggernet.studies.interpret.curves import CurveReading
from triggernet.studies.interpret.interpret import Interpretation, ReadRun
from triggernet.studies.interpret.sentences import diagonal_formula, formula
from triggernet.words import counted

ABSENT = "–"


@dataclass(frozen=True)
class TableView:
    """A table as text; its first column is words."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class ChannelView:
    """A channel: its sentence, its coefficients, its drawings."""

    title: str
    sentence: str
    table: TableView
    added: Chart
    planes: tuple[Chart, ...]


@dataclass(frozen=True)
class RunView:
    """A run as the templates show it."""

    name: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    channels: tuple[ChannelView, ...]
    charts: tuple[Chart, ...]
    features: TableView | None


@dataclass(frozen=True)
class InterpretView:
    """Everything that the templates show."""

    title: str
    facts: tuple[tuple[str, str], ...]
    runs: tuple[RunView, ...]
    agreement: tuple[TableView, ...]
    spread: Chart | None
    agreement_sentence: str
    provenance: tuple[tuple[str, str], ...]


def interpret_view(interpretation: Interpretation) -> InterpretView:
    """An interpretation as text and drawings."""
    names = [run.name for run in interpretation.runs]
    spread = interpretation.agreement
    shown = interpretation.minima or (() if spread is None else (spread,))
    return InterpretView(
        title=f"What {names[0]} says" if len(names) == 1 else f"What {len(names)} trainings say",
        facts=(
            ("Sample", interpretation.sample),
            ("Jets", number(interpretation.n_jets)),
            ("AUC of the jet mass", f"{interpretation.auc_mass:.4f}"),
        ),
        runs=tuple(_run(run, interpretation) for run in interpretation.runs),
        agreement=tuple(table for each in shown for table in _agreement(each)),
        spread=spread_chart(shown[0]) if shown else None,
        agreement_sentence=""
        if spread is None
        else agreement_sentence(spread, interpretation.minima),
        provenance=tuple(interpretation.provenance.items()),
    )


def agreement_sentence(agreed: Agreement, minima: tuple[Agreement, ...]) -> str:
    """Whether the trainings agree, in numbers."""
    text = (
        f"{len(agreed.runs)} trainings, AUC {agreed.auc.mean:.4f} ± {agreed.auc.std:.4f}; their "
        f"scores correlate to {agreed.score:.4f}."
    )
    if not minima:
        return f"{text} No two of them are alike channel by channel."
    alone = len(agreed.runs) - sum(len(each.runs) for each in minima)
    parts = [
        f"{len(each.runs)} ({', '.join(each.runs)}): AUC {each.auc.mean:.4f} ± {each.auc.std:.4f}, "
        f"scores correlate to {each.score:.4f}, and {_stable(each)}"
        for each in minima
    ]
    return (
        f"{text} Alike channel by channel are {'; '.join(parts)}."
        + f" {counted(alone, 'training')} stand{'s' * (alone == 1)} alone." * bool(alone)
    )


def _stable(agreed: Agreement) -> str:
    """How many coefficients agree."""
    all_of = [channel[name] for channel in agreed.channels for name in COEFFICIENTS]
    agree = sum(spread.agrees for spread in all_of)
    return f"{agree} of {len(all_of)} coefficients agree within 20 %"


def _run(run: ReadRun, interpretation: Interpretation) -> RunView:
    exact = run.exact
    facts = [("Family", run.family), ("Parameters", number(run.n_parameters))]
    facts.append(("AUC, float", f"{exact.auc:.4f}"))
    if run.integers is not None:
        facts.append(("AUC, constants of the firmware", f"{run.integers.auc:.4f}"))
    if run.moved is not None:
        facts.append(("Pairs judged otherwise by them", percent(run.moved)))
    if isinstance(exact, CurveReading):
        features = TableView(
            "Features of constituents",
            ("feature", "AUC lost without it"),
            tuple((name, f"{lost:+.4f}") for name, lost in exact.lost.items()),
        )
        return RunView(run.name, run.sentence, tuple(facts), (), (curves_chart(exact),), features)
    if len(exact.constraints.bias) > 1:
        facts.append(("Coefficients for", counted(exact.count, "constituent")))
    return RunView(
        run.name,
        run.sentence,
        tuple(facts),
        tuple(_channel(run, exact, c, interpretation) for c in range(len(exact.channels))),
        tuple(profile_chart(profile) for profile in run.profiles),
        None,
    )


def _channel(run: ReadRun, exact: Reading, c: int, interpretation: Interpretation) -> ChannelView:
    channel = exact.channels[c]
    other = None if run.integers is None else run.integers.channels[c]
    group = {name: k for k, name in enumerate(interpretation.classes)}
    return ChannelView(
        f"Channel {c + 1}: {formula(channel)}",
        f"{run.about[c]} Its diagonal, of single particles: {diagonal_formula(channel)}.",
        _coefficients(channel, other, interpretation.classes),
        added_chart(exact, c, interpretation.label, interpretation.classes),
        tuple(plane_chart(plane, group[plane.class_name]) for plane in run.planes[c]),
    )


def _coefficients(channel: Channel, other: Channel | None, classes: tuple[str, ...]) -> TableView:
    """Float and integers side by side, and what quantisation moved."""
    rows = []
    for name in COEFFICIENTS:
        exact = channel.coefficients[name]
        row = [TITLES[name], value(exact)]
        if other is not None:
            moved = other.coefficients[name]
            change = percent((moved - exact) / abs(exact)) if exact else ABSENT
            row += [value(moved), change.replace("-", "−")]
        rows.append(tuple(row))
    both = (channel, other)
    rows += [
        tuple(_masses("m_J where it changes sign [GeV]", "mass_gev", *both)),
        tuple(_masses("diagonal: the same", "diagonal_mass_gev", *both)),
        *(tuple(_pair(f"pairs of {classes[k]} that pass", *both, "passing", k)) for k in (1, 0)),
        *(tuple(_pair(f"added to {classes[k]}, mean", *both, "added", k)) for k in (1, 0)),
        tuple(_single("AUC of what it adds", *both, "auc")),
        tuple(_single("AUC without it", *both, "auc_without")),
    ]
    header = ("", "float") + (() if other is None else ("integers", "moved"))
    return TableView("Coefficients", header, tuple(rows))


def value(x: float) -> str:
    """A coefficient with four digits."""
    return f"{x:.4g}".replace("-", "−")


def _masses(title: str, key: str, channel: Channel, other: Channel | None) -> Iterator[str]:
    yield title
    for each in (channel, other):
        if each is not None:
            mass = getattr(each, key)
            yield ABSENT if mass is None else f"{mass:.1f}"
    if other is not None:
        yield ""


def _pair(title: str, channel: Channel, other: Channel | None, key: str, k: int) -> Iterator[str]:
    yield title
    for each in (channel, other):
        if each is not None:
            x = getattr(each, key)[k]
            yield percent(x) if key == "passing" else f"{x:+.3f}".replace("-", "−")
    if other is not None:
        yield ""


def _single(title: str, channel: Channel, other: Channel | None, key: str) -> Iterator[str]:
    yield title
    for each in (channel, other):
        if each is not None:
            yield f"{getattr(each, key):.4f}"
    if other is not None:
        yield ""


def _agreement(agreed: Agreement) -> Iterator[TableView]:
    header = ("", "mean", "spread", "lowest", "highest", "agree")
    for c, channel in enumerate(agreed.channels):
        rows = tuple(
            (
                row_title(name),
                value(spread.mean),
                value(spread.std),
                value(min(spread.values)),
                value(max(spread.values)),
                "yes" if spread.agrees else "no",
            )
            for name, spread in channel.items()
        )
        title = f"Channel {c + 1}: {len(agreed.runs)} trainings, {agreed.runs[0]} the first"
        yield TableView(title, header, rows)
