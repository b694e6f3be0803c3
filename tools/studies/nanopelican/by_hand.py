#!/usr/bin/env python3
"""How far cuts made by hand from what a nanoPELICAN says come to the network itself.

    tools/studies/nanopelican/by_hand.py models/nanopelican-c2-n8j --test test.h5

Rows: the jet mass; a window around the top mass; the window and counts or sums over pairs that
pass m_ij^2 > k (p_i + p_j).J; and the network with every coefficient rounded to one or two digits.
The slopes of the window and the factors of the counts are a logistic regression on half of the
jets; the other half judges. The fraction is (AUC - AUC of the mass) / (AUC of the network - AUC of
the mass), its error that of the difference of the AUCs on the same jets (DeLong).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from trainings import markdown

import triggernet as tn
from triggernet.data.kinematics import mass
from triggernet.learning.models.pair_function import COEFFICIENTS, PairConstraints, PairInvariants
from triggernet.learning.training.features import exact_inputs
from triggernet.learning.training.starts import logistic_fit
from triggernet.statistics import area_under_roc, roc_area_difference
from triggernet.studies.interpret.channels import in_parts

Floats = NDArray[np.float64]
TOP_GEV = 173.0  # of the generated tops
# Cuts, by what they are called: the quantities that are used beside the mass window.
CUTS: Mapping[str, tuple[str, ...]] = {
    "mass window": (),
    "and pairs above 0.02": ("pairs above 0.02",),
    "and excess above 0.02": ("excess above 0.02",),
    "and excess above 0.05, pairs above 0.05": ("excess above 0.05", "pairs above 0.05"),
    "and pairs above 0.02, excess above 0.1, mass share": (
        "pairs above 0.02",
        "excess above 0.1",
        "mass share",
    ),
}


def quantities(x: PairInvariants, jet_mass: Floats) -> dict[str, Floats]:
    """What cuts are made of: counts, and sums of GeV^2 over the mass^2 of the jet, all (n,)."""
    both = x.to_jet[:, :, None] + x.to_jet[:, None]  # (n, M, M)
    found = {
        "below": np.maximum(TOP_GEV - jet_mass, 0),
        "above": np.maximum(jet_mass - TOP_GEV, 0),
        "mass share": x.to_jet.sum(1) / np.maximum(x.jet, 1.0),
    }
    for k in (0.02, 0.05, 0.1):
        above = (x.mass2 - k * both) * x.pairs
        found[f"pairs above {k}"] = (above > 0).sum((1, 2)).astype(np.float64)
        found[f"excess above {k}"] = np.maximum(above, 0).sum((1, 2)) / np.maximum(x.jet, 1.0)
    return found


def rounded(function: PairConstraints, digits: int) -> PairConstraints:
    """Every coefficient, weights and bias included, with so many digits."""

    def few(values: Floats) -> Floats:
        return np.array([float(f"{v:.{digits - 1}e}") for v in values.ravel()]).reshape(
            values.shape
        )

    names = (*COEFFICIENTS, "bias")
    return replace(function, **{name: few(getattr(function, name)) for name in names})


def fitted(columns: Sequence[Floats], label: NDArray[np.int64], half: int) -> Floats:
    """The best sum of some quantities, from the first `half` jets, for all of them."""
    moving = [column for column in columns if np.ptp(column[:half]) > 1e-6]
    design = np.stack([*(column / column[:half].std() for column in moving)], axis=1)
    design = np.column_stack([design, np.ones(len(label))])
    _, weights = logistic_fit(design[:half], label[:half].astype(np.float64))
    return np.asarray(design @ weights)


def rows_of(run: Path, test: Path, limit: int | None) -> list[list[str]]:
    """The table of one run."""
    loaded = tn.load_run(run)
    jets = tn.load_jets(test)
    jets = jets.select(slice(limit)) if limit else jets
    config = loaded.config
    reading = config.family.reading
    assert reading is not None, "a nanoPELICAN has a reading"
    function = reading.of_model(loaded.float_model, config.encoding)
    assert isinstance(function, PairConstraints)
    inputs = exact_inputs(jets, config)
    momenta, jet = inputs["momenta"].numpy(), inputs["jet"].numpy()
    jet_mass, label = mass(jets.jet), jets.label
    seen: dict[str, list[Floats]] = {}
    models = {digits: rounded(function, digits) for digits in (1, 2)}
    for part, x in in_parts(function, momenta, jet):
        values = quantities(x, jet_mass[part])
        for digits, model in {0: function, **models}.items():
            values[f"network {digits}"] = model.contributions(x).sum((1, 2)) + model.bias_of(x)
        for name, each in values.items():
            seen.setdefault(name, []).append(each)
    known = {name: np.concatenate(parts) for name, parts in seen.items()}
    half = len(label) // 2
    scores = {"jet mass": jet_mass}
    window = [known["below"], known["above"]]
    for name, used in CUTS.items():
        scores[name] = fitted([*window, *(known[each] for each in used)], label, half)
    scores |= {f"network, {d} digit{'s' * (d > 1)}": known[f"network {d}"] for d in models}
    scores["network"] = known["network 0"]
    judged = {name: score[half:] for name, score in scores.items()}
    return [_row(name, judged, label[half:]) for name in judged]


def _row(name: str, judged: Mapping[str, Floats], label: NDArray[np.int64]) -> list[str]:
    base, best = (area_under_roc(judged[key], label) for key in ("jet mass", "network"))
    found = area_under_roc(judged[name], label)
    error = roc_area_difference(judged["jet mass"], judged[name], label).error or 0.0
    share, width = (found - base) / (best - base) + 0.0, error / abs(best - base)
    return [name, f"{found:.4f}", f"{share:.2f} ± {width:.2f}"]


def main(words: Sequence[str] | None = None) -> int:
    """Print a table a run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--test", type=Path, required=True, help="jets; half of them judge")
    parser.add_argument("--jets", type=int, help="use the first ones only")
    args = parser.parse_args(words)
    for run in args.runs:
        table = markdown(["cut", "AUC", "fraction"], rows_of(run, args.test, args.jets))
        sys.stdout.write(f"{run.name}\n\n{table}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
