"""A top tagger from jets to a report against a Level-1 budget: the README's pipeline in Python.

    python examples/toptag.py                  # trains on jets that travel with the package
    python examples/toptag.py --generate 4000  # on jets of its own, which Pythia 8 makes first

It takes about a minute on two cores. The training is a short one; ``--jets 36000`` takes all
packaged jets, and a minute more.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import triggernet as tn
from triggernet.data import sample_path

# Eight constituents, and the four-momentum of the whole jet. `triggernet train` takes the same
# settings as `--set section.key=value`.
SETTINGS = {
    "encoding.n_constituents": 8,
    "encoding.jet": True,
    "model.aggregates": "jet",
    "model.tied": True,
}


def jets_to_train_on(folder: Path, n_generated: int) -> Path:
    """A file of jets: generated, or the one that travels with the package."""
    if not n_generated:
        return sample_path("toptag_generated")
    made = folder / "jets.h5"
    tn.generate("toptag", jets=n_generated, out=made, seed=3, workers=2)
    return made


def main(folder: Path, *, n_generated: int, n_jets: int, n_vectors: int) -> None:
    """Go through the pipeline; everything lands in `folder`."""
    folder.mkdir(parents=True)
    run, project = folder / "run", folder / "project"
    train_jets, test_jets = jets_to_train_on(folder, n_generated), sample_path("toptag_reference")

    # A float model first, then the same in fixed point, trained with its quantisation.
    settings = SETTINGS | {"training.max_jets": n_jets}
    tn.train("nanopelican", data=train_jets, out=run, settings=settings)
    print(tn.evaluate(run, data=test_jets, plot=folder / "roc.png").as_text(), "\n")

    # C++ for high-level synthesis, and the smallest Verilog that the budget allows.
    exported = tn.export(run, out=project, hls=True, rtl=True, fold="auto", budget="l1")
    print(f"a jet every {exported.interval_cycles} clocks, {exported.latency_cycles} clocks long\n")

    # Every executor gives the bits of the exact integers; the Verilog does so clock by clock.
    agreement = tn.verify(project, vectors=n_vectors)
    print(agreement.as_text(), "\n")
    simulation = tn.cosim(project, vectors=n_vectors)
    print(simulation.as_text(), "\n")

    report = tn.report(project, budget="l1", data=test_jets, out=folder / "report.html")
    for name in ("latency_ns", "lut", "ff", "dsp"):
        figure = report.figures[name]
        print(f"{name:10} {figure.value:8,.0f}  {figure.how}, {figure.tool}")
    print(f"\nbudget l1: {report.verdict}; see {folder / 'report.html'}")
    if not (agreement.exact and simulation.passed):
        raise SystemExit(1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("toptag"), help="a new folder")
    parser.add_argument("--generate", type=int, default=0, metavar="N", help="jets to generate")
    parser.add_argument("--jets", type=int, default=4000, help="jets to train on")
    parser.add_argument("--vectors", type=int, default=10_000, help="inputs that are compared")
    given = parser.parse_args()
    main(given.out, n_generated=given.generate, n_jets=given.jets, n_vectors=given.vectors)
