"""One token of the generated C++ changed: `verify` must catch every such mutant."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from programs import nano_program, write_onnx

from triggernet.deployment.hls import HlsConfig, write_project
from triggernet.deployment.verify import ExecutorResult, verify
from triggernet.errors import ProjectError

N_VECTORS = 4000


@dataclass(frozen=True)
class Mutant:
    """`pattern` (a regular expression) is replaced once in a file below ``firmware/``."""

    what: str
    file: str
    pattern: str
    replacement: str


DEFINES, PARAMETERS = "defines.h", "parameters.h"
POLAR, PAIRS = "triggernet/polar_dot.h", "triggernet/pair_relu.h"
ROWS, DENSE, COMMON = "triggernet/pair_row_sum.h", "triggernet/dense.h", "triggernet/common.h"
REDUCE, TOP = "triggernet/reduce.h", "tagger.cpp"

MUTANTS = (
    Mutant("rounding of d", DEFINES, r"<11,10,AP_TRN(?=.* d_t)", "<11,10,AP_RND_CONV"),
    Mutant("width of d", DEFINES, r"<11,10(?=.* d_t)", "<10,10"),
    Mutant("grid of d", DEFINES, r"<11,10(?=.* d_t)", "<11,11"),
    Mutant("overflow of d", DEFINES, r"AP_SAT(?=.* d_t)", "AP_WRAP"),
    Mutant("rounding of the score", DEFINES, r"AP_TRN(?=.* result_t)", "AP_RND_CONV"),
    Mutant("half up", DEFINES, r"AP_TRN(?=.* a_t)", "AP_RND"),
    Mutant("width of an input", DEFINES, r"<5,5(?=.* input2_t)", "<4,4"),
    Mutant("width of the product", PARAMETERS, r"<11,12(?=.* product_t)", "<10,12"),
    Mutant("rounding of the product", PARAMETERS, r"AP_TRN(?=.* product_t)", "AP_RND_CONV"),
    Mutant("overflow of z", PARAMETERS, r"AP_SAT(?=> z_t)", "AP_WRAP"),
    Mutant("accumulator", PARAMETERS, r"ap_ufixed<14,13> acc_t", "ap_ufixed<12,11> acc_t"),
    Mutant("sign of a channel", PARAMETERS, r"c == 0 \? 1", "c == 1 ? 1"),
    Mutant("number of channels", PARAMETERS, r"n_terms = 2", "n_terms = 1"),
    Mutant("weight bit", "weights/weight_a.h", r"= \{(-?\d)", r"= {1\1"),
    Mutant("sign of a bias", "weights/bias_w.h", r"= \{-?", "= {-1"),
    Mutant("table entry", "weights/eta_table_d.h", r"= \{((?:\d+, ){9})\d+", r"= {\g<1>0"),
    Mutant("index of eta", POLAR, r"eta\[i\], eta\[j\], phi\[i\]", "eta[i], eta[i], phi[i]"),
    Mutant("index of pt", POLAR, r"pt\[i\], pt\[j\]", "pt[j], pt[j]"),
    Mutant("place of a pair", POLAR, r"res\[pair_number\(i, j\)\]", "res[pair_number(i, j) ^ 1]"),
    Mutant("sign in a distance", COMMON, r"code_of\(a\) - ", "code_of(a) + "),
    Mutant("absolute value", COMMON, r"code < 0 \? negative", "code > 0 ? negative"),
    Mutant("leaf of an adder tree", COMMON, r"right < n\b", "right < n - 1"),
    Mutant("shift of a constant", COMMON, r"value\.V = code\.V;", "value.V = code.V >> 1;"),
    Mutant("mask of a pair", PAIRS, r"there\[i\] && there\[j\]", "there[i]"),
    Mutant("who is present", COMMON, r"!present\[i\]", "present[i]"),
    Mutant("spurions", COMMON, r"i < CONFIG_T::n_constituents", "i < 2"),
    Mutant("ReLU", PAIRS, r"!x\.is_neg", "x.is_neg"),
    Mutant("sign of d", PAIRS, r"terms \+ d", "terms - d"),
    Mutant("pair read", PAIRS, r"pair = pair_number\(i, j\)", "pair = pair_number(0, j)"),
    Mutant("partner in a row", ROWS, r"k < i \? k", "k <= i ? k"),
    Mutant("index of a weight", DENSE, r"(n_in \+ f\) \* CONFIG_T::n_out) \+ g", r"\1"),
    Mutant("term left out", DENSE, r"terms\[CONFIG_T::n_in\] = .*;", "terms[CONFIG_T::n_in] = 0;"),
    Mutant("index in a sum", REDUCE, r"= x\[i \*", "= x[0 *"),
    Mutant("inputs swapped", TOP, r"\(pt_in, eta_in, phi_in, d", "(pt_in, phi_in, eta_in, d"),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nano")
    program = nano_program()
    path = write_onnx(program, folder)
    write_project(program, path, folder / "project", HlsConfig(), vendored=False)
    return folder / "project"


def verified(project: Path) -> ExecutorResult:
    return verify(project, None, N_VECTORS, executors=("hls",)).executors["hls"]


def test_the_project_itself_is_exact(project: Path) -> None:
    found = verified(project)
    assert (found.n, found.mismatches, found.traced_mismatches) == (N_VECTORS, 0, 0)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.what.replace(" ", "-"))
def test_every_mutant_is_caught(project: Path, tmp_path: Path, mutant: Mutant) -> None:
    copy = tmp_path / "mutant"
    shutil.copytree(project, copy)
    path = copy / "firmware" / mutant.file
    text = path.read_text()
    changed = re.sub(mutant.pattern, mutant.replacement, text, count=1)
    assert changed != text, "the mutant changes nothing"
    path.write_text(changed)
    found = verified(copy)
    assert found.mismatches > 0
    assert found.first is not None
    assert found.first.node is not None


@pytest.mark.parametrize("line", ["node_r", "node_s"])
def test_a_call_left_out_is_named(project: Path, tmp_path: Path, line: str) -> None:
    copy = tmp_path / "mutant"
    shutil.copytree(project, copy)
    top = copy / "firmware" / "tagger.cpp"
    top.write_text("".join(t for t in top.read_text().splitlines(True) if f"// {line}" not in t))
    with pytest.raises(ProjectError, match=f"'{line}' .* has 0 calls"):
        verified(copy)
