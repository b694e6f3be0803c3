"""Results of tools as they could lie in a project, made without running any."""

from __future__ import annotations

from dataclasses import replace

from triggernet.deployment.hls.bench import HlsBench
from triggernet.deployment.prove.proof import NodeProof, Proof
from triggernet.deployment.rtl.count import Counts, ModuleCount
from triggernet.deployment.rtl.synthesis import Placement, Synthesis
from triggernet.deployment.verify import (
    Agreement,
    CoSimulation,
    ExecutorResult,
    Mismatch,
    NetlistCoSimulation,
)
from triggernet.deployment.verify.coverage import Reached


def agreement(folder, **changes):
    """An agreement in which one executor differs."""
    first = Mismatch(12, "edges", {"pt": (5, 7)}, "d", "PairDot", "d", 3, 41, 40.5)
    executors = {
        "onnxruntime": ExecutorResult(100_000, 0, None, "1.32.0", 2000, 0),
        "HLS <C++>": ExecutorResult(99_999, 7, first, "g++ 12", 1999, 3),
    }
    reached = Reached("d", "z", "PairRelu", 4, 1000, 11, 12, 13, 14, 15)
    return replace(
        Agreement(
            n_vectors=100_000,
            seed=3,
            kinds={"edges": 40_000, "real": 60_000},
            executors=executors,
            not_compared={"rtl": "no Verilog in the project"},
            coverage=(reached,),
            notes=("a note",),
            judges=Agreement.sources(folder),
        ),
        **changes,
    )


def cosimulation(folder, **changes):
    """A co-simulation that measures what `synth_projects.DESIGN` says."""
    phase = {"events": 100_000, "clocks": 200_031, "wrong": 0, "missing": 0, "spurious": 0}
    return replace(
        CoSimulation(
            n_vectors=100_000,
            seed=3,
            kinds={"edges": 40_000, "real": 60_000},
            mismatches=0,
            first=None,
            latency_cycles=31,
            interval_cycles=2,
            predicted_latency_cycles=31,
            predicted_interval_cycles=2,
            phases={"stream": phase},
            version="5.48.0",
            judges=CoSimulation.sources(folder),
        ),
        **changes,
    )


def netlist(folder, **changes):
    """The same of the primitives that Yosys counts."""
    values = vars(cosimulation(folder, **changes)) | {"judges": NetlistCoSimulation.sources(folder)}
    return NetlistCoSimulation(**values)


def proof(folder, **changes):
    """A proof of a design with two nodes."""
    nodes = (
        NodeProof("pairs", "PairRelu", "proved", 28, 28, 2, "sums and solver", 0.8, 0.2),
        NodeProof("score", "Dense", "proved", 1, 1, 2, "sums and solver", 0.4, 0.1),
    )
    return replace(
        Proof(
            verdict="proved",
            nodes=nodes,
            latency_cycles=31,
            interval_cycles=2,
            counterexample=None,
            expected=None,
            found=None,
            limit_s=60.0,
            seconds=0.9,
            version="0.10.0",
            yosys="0.70",
            judges=Proof.sources(folder),
        ),
        **changes,
    )


def bench(mismatches=0):
    return HlsBench(50, mismatches, "g++", "12.2.0")


def placement(**changes):
    found = Placement("Lattice ECP5", True, "", 112.3, {"LUT4": 900}, {"LUT4": 83640}, 20,
                      "nextpnr-ecp5", "0.11", 3.1)  # fmt: skip
    return replace(found, **changes)


def synthesis(folder, **changes):
    """A synthesis of the sources of `synth_projects`."""
    modules = {
        "kernel": ModuleCount(6, Counts(lut=10, ff=5, dsp=1, bram=1, carry=3, srl=0)),
        "tagger": ModuleCount(1, Counts(lut=940, ff=770, dsp=0, bram=0, carry=0, srl=8)),
    }
    return replace(
        Synthesis(
            lut=1000,
            ff=800,
            dsp=6,
            bram=6,
            carry=18,
            srl=8,
            cells={"LUT6": 1000},
            modules=modules,
            family="xc7",
            flatten=False,
            tool="Yosys",
            version="0.70",
            seconds=9.1,
            judges=Synthesis.sources(folder),
        ),
        **changes,
    )
