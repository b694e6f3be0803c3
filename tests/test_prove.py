"""`prove`: a design is the meaning of its model file, or it is not; what is wrong is never proved.

One zoo design of eight jets' constituents in eight clocks is proved as a whole. Then it is damaged,
and so is everything that the proof is told: neither may end in "proved".
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cvc5
import numpy as np
import onnx
import pytest

import triggernet as tn
from triggernet.deployment.project import load_project
from triggernet.deployment.prove import Proof, solver
from triggernet.deployment.prove import prove as decide
from triggernet.deployment.prove.bits import Terms, signed_of
from triggernet.deployment.prove.integers import Integers, value_of
from triggernet.deployment.prove.integers import evaluated as integer_values
from triggernet.deployment.prove.lemma import Lemma, Prover, satisfiable
from triggernet.deployment.prove.meaning import element, meaning_of
from triggernet.deployment.prove.reals import real
from triggernet.deployment.prove.simulated import evaluated, ordered
from triggernet.deployment.rtl.design import read_design
from triggernet.deployment.verify.events import load_events
from triggernet.errors import DataError, MissingPackageError, ProjectError, UnsupportedError
from triggernet.program import evaluate
from triggernet.program.evaluate import trace
from triggernet.reports.pages import as_text

ZOO = Path(__file__).parents[1] / "models"
MODEL = "nanopelican-c2-n8j"
Edit = Callable[[Path], None]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The design, proved."""
    folder = tmp_path_factory.mktemp("prove") / "project"
    tn.export(ZOO / MODEL, out=folder, rtl=True, interval=8)
    tn.prove(folder)
    return folder


def damaged(project: Path, tmp_path: Path, edit: Edit) -> Path:
    copy = tmp_path / "damaged"
    shutil.copytree(project, copy)
    edit(copy)
    return copy


def replaced(path: str, old: str, new: str) -> Edit:
    def edit(folder: Path) -> None:
        text = (folder / path).read_text("utf-8")
        assert old in text
        (folder / path).write_text(text.replace(old, new, 1), "utf-8")

    return edit


def later(clocks: int) -> Edit:
    """A design that is said to answer some clocks later than it does."""

    def edit(folder: Path) -> None:
        design = json.loads((folder / "rtl/design.json").read_text())
        design["latency_cycles"] += clocks
        (folder / "rtl/design.json").write_text(json.dumps(design))

    return edit


def test_a_design_is_proved_for_every_input(project: Path) -> None:
    proof = Proof.load(project)
    assert proof is not None
    assert proof.proved
    design = read_design(project)
    assert proof.latency_cycles == design.latency_cycles
    assert proof.interval_cycles == design.interval_cycles == 8
    assert {node.verdict for node in proof.nodes} == {"proved"}
    names = [node.name for node in proof.nodes]
    assert names == [
        "control",
        *(node.name for node in load_project(project).program.nodes),
        "outputs",
    ]
    assert proof.judges == Proof.sources(project)


def test_another_solver_agrees(project: Path) -> None:
    """The smaller lemmas; `tools/bench/proof.py` has cvc5 check them all."""
    scripts = (project / "proof.smt2").read_text("utf-8").split("(reset)\n")[1:]
    small = [script for script in scripts if len(script) < 2000 and "bvmul" not in script]
    assert len(small) >= 8
    for script in small:
        terms = cvc5.TermManager()
        other = cvc5.Solver(terms)
        symbols = cvc5.SymbolManager(terms)
        parser = cvc5.InputParser(other, symbols)
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, script, "lemma")
        said = ""
        while not (command := parser.nextCommand()).isNull():
            said += command.invoke(other, symbols).strip()
        assert said == "unsat", script


def test_one_wrong_bit_of_a_table_is_refuted(project: Path, tmp_path: Path) -> None:
    """The event is answered as the proof says: what was expected is what the integers give."""

    def edit(folder: Path) -> None:
        table = next(p for p in (folder / "rtl/src").glob("memory*.v") if "200" in p.read_text())
        line = next(x for x in table.read_text().splitlines() if "word[200]" in x)
        found = re.search(r"= (\d+)'d(\d+)", line)
        assert found is not None
        wrong = line.replace(found[0], f"= {found[1]}'d{int(found[2]) ^ 1}")
        table.write_text(table.read_text().replace(line, wrong))

    copy = damaged(project, tmp_path, edit)
    proof = tn.prove(copy, edited=True, limit_s=20)
    assert proof.verdict == "refuted"
    assert not proof.passed
    assert not proof.proved
    assert proof.counterexample is not None
    program = load_project(copy).program
    inputs = {
        name: np.array(codes).reshape(1, *program.tensors[name].shape)
        for name, codes in proof.counterexample.items()
    }
    answer = {name: codes.ravel().tolist() for name, codes in evaluate(program, inputs).items()}
    assert proof.expected == answer
    assert proof.found != answer
    with np.load(copy / "counterexample.npz") as file:
        assert {n: file[n].ravel().tolist() for n in inputs} == dict(proof.counterexample)


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(later(-1), id="latency, one too few"),
        pytest.param(later(1), id="latency, one too many"),
        pytest.param(
            replaced("rtl/points.json", '"tokens": "live"', '"tokens": "u_kept"'),
            id="another register for the tokens",
        ),
        pytest.param(
            replaced("rtl/src/tagger.v", "live <= rst ? ", "live <= rst ? 1 | "),
            id="a token that a reset leaves",
        ),
    ],
)
def test_what_is_not_so_is_not_proved(project: Path, tmp_path: Path, edit: Edit) -> None:
    assert not decide(damaged(project, tmp_path, edit), limit_s=2, edited=True).proved


def test_a_wrong_point_proves_nothing(project: Path, tmp_path: Path) -> None:
    """One clock late: a hint alone, so that the design is not refuted either."""

    def edit(folder: Path) -> None:
        points = json.loads((folder / "rtl/points.json").read_text())
        nets = next(t for t in points["tensors"] if t["tensor"] == "score")
        nets["clocks"][0] += 1
        (folder / "rtl/points.json").write_text(json.dumps(points))

    proof = decide(damaged(project, tmp_path, edit), limit_s=2, edited=True)
    assert proof.verdict == "open"
    assert proof.incomplete
    assert "proved:" not in proof.as_text()


def test_points_on_nets_that_do_not_exist_prove_nothing(project: Path, tmp_path: Path) -> None:
    """Nothing reads a net that is not there, but the outputs must be linked to the meaning."""

    def edit(folder: Path) -> None:
        points = json.loads((folder / "rtl/points.json").read_text())
        for tensor in points["tensors"]:
            if tensor["tensor"] in ("s", "score"):
                tensor["nets"] = ["nowhere"] * len(tensor["nets"])
        (folder / "rtl/points.json").write_text(json.dumps(points))

    proof = decide(damaged(project, tmp_path, edit), limit_s=2, edited=True)
    assert proof.verdict == "open"
    assert [node.name for node in proof.nodes if node.verdict != "proved"] == ["outputs"]


def test_what_is_not_as_generated_is_refused(project: Path, tmp_path: Path) -> None:
    copy = damaged(project, tmp_path, replaced("rtl/src/tagger.v", "// nano", "// mini"))
    with pytest.raises(ProjectError, match="not as generated: rtl/src/tagger.v"):
        tn.prove(copy)


def test_a_project_of_an_older_triggernet_is_told_apart(project: Path, tmp_path: Path) -> None:
    copy = damaged(project, tmp_path, lambda folder: (folder / "rtl/points.json").unlink())
    with pytest.raises(ProjectError, match=r"it has no rtl/points.json.*export"):
        tn.prove(copy)


def test_without_the_solver_the_message_says_what_to_install(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "bitwuzla" else there(name)
    )
    with pytest.raises(MissingPackageError, match=r"bitwuzla is needed.*triggernet\[formal\]"):
        tn.prove(project)


def test_assumptions_that_cannot_be_prove_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lemma that is false, under a bound that nothing satisfies."""
    bank, terms = Integers(), Terms()
    x = bank.var("x", 0, 7)
    lemma = Lemma(terms.var("x", 4), bank.add(x, bank.const(1)))
    assert Prover(bank, {"x": x}, 5.0).prove(lemma).verdict == "refuted"
    script = "(set-logic QF_BV)\n(declare-const a (_ BitVec 4))\n(assert (bvult a #x0))\n"
    script += "(assert (distinct a #x1))\n(check-sat)\n"
    assert solver.decide(script, 5.0).verdict == "unsat"
    assert not satisfiable(script, 5.0)
    assert Prover(bank, {"x": x}, 5.0).ask(script, 5.0).verdict == "unknown"


@pytest.mark.parametrize("entry", [MODEL, "jedilinear-n8", "lorentznet-n8", "semiequivariant-n8"])
def test_the_meaning_is_what_the_integers_evaluate(entry: str) -> None:
    """The interpreter of the model file against the arbiter, node by node, on some events."""
    program = load_project(ZOO / entry).program
    bank = Integers()
    model = onnx.load(str(ZOO / entry / "model.onnx"))
    meaning = meaning_of(model, program.tensors, program.inputs, bank)
    random = np.random.default_rng(1)
    events = {
        name: random.integers(t.type.min_int, t.type.max_int + 1, (3, *t.shape))
        for name, t in ((n, program.tensors[n]) for n in program.inputs)
    }
    wanted = trace(program, events)
    for k in range(3):
        values = {name: codes[k].ravel().tolist() for name, codes in wanted.items()}
        known = {
            element(name, place): code
            for name, codes in values.items()
            for place, code in enumerate(codes)
        }
        for node in program.nodes:
            roots = meaning.definitions[node.output]
            numbers = integer_values(roots, known)
            assert [value_of(r, numbers) for r in roots] == values[node.output]


def test_values_between_steps_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="no multiple of a power of two"):
        real(Integers(), Fraction(1, 3))


def test_terms_are_what_they_are_simplified_from() -> None:
    """Every operation on numbers, wiring included, against Python's integers."""
    random, terms = np.random.default_rng(2), Terms()
    for _ in range(300):
        width = int(random.integers(2, 9))
        a, b = terms.var("a", width), terms.var("b", width)
        high = int(random.integers(0, width))
        low = int(random.integers(0, high + 1))
        kinds = [
            terms.arithmetic("add", a, b),
            terms.sext(terms.slice(terms.concat([a, b]), width + high, low), 3 * width),
            terms.ite(terms.less(a, b, True), terms.invert(a), b),
            terms.both(terms.sext(terms.top(a), width), b),
            terms.slice(terms.sext(a, 2 * width), width + high, low),
        ]
        x, y = (int(v) for v in random.integers(0, 1 << width, 2))
        found = evaluated(ordered(kinds), {"a": x, "b": y})
        both, mask = x << width | y, (1 << width) - 1
        part = both >> low & ((1 << (width + high - low + 1)) - 1)
        wide = signed_of(x, width)
        wanted = [
            x + y & mask,
            signed_of(part, width + high - low + 1) & ((1 << 3 * width) - 1),
            ~x & mask if wide < signed_of(y, width) else y,
            y if x >> (width - 1) else 0,
            wide >> low & ((1 << (width + high - low + 1)) - 1),
        ]
        assert [found[k.number] for k in kinds] == wanted


def test_a_counterexample_is_read_by_cosim(project: Path, tmp_path: Path) -> None:
    """Its codes as they are, for a model that reads jets too; others are refused."""
    loaded = load_project(project)
    codes = {n: loaded.program.tensors[n].type.max_int for n in loaded.program.inputs}
    sizes = {n: loaded.program.tensors[n].size for n in codes}
    file = tmp_path / "counterexample.npz"
    arrays = {n: np.full((1, sizes[n]), code) for n, code in codes.items()}
    np.savez(file, **arrays, codes=np.array(1))
    events = load_events(file, loaded)
    assert {n: set(e.ravel().tolist()) for n, e in events.inputs.items()} == {
        n: {code} for n, code in codes.items()
    }
    np.savez(file, **arrays | {"pt": arrays["pt"] + 1}, codes=np.array(1))
    with pytest.raises(DataError, match="input 'pt' holds codes 512 to 512"):
        load_events(file, loaded)
    np.savez(file, pt=arrays["pt"], codes=np.array(1))
    with pytest.raises(DataError, match="no whole numbers"):
        load_events(file, loaded)


def test_a_report_says_what_was_proved(project: Path, tmp_path: Path) -> None:
    report = tn.report(project)
    assert any("Agreement: proved for all inputs" in note for note in report.notes)
    assert "proved for all inputs" in as_text(report)
    copy = damaged(project, tmp_path, replaced("rtl/src/tagger.v", "// nano", "// mini"))
    outdated = tn.report(copy)
    assert not any("proved for all inputs" in note for note in outdated.notes)
    assert any("proof.json is of other Verilog" in note for note in outdated.notes)
