"""The HLS C++ under the compiler's sanitisers: nothing that the language leaves undefined."""

from __future__ import annotations

from pathlib import Path

from operator_cases import operator_tests
from programs import nano_program, random_codes, together, write_onnx

from triggernet.deployment.hls import HlsConfig, undefined_behaviour, write_project
from triggernet.program import Program

N_EVENTS = 500


def project(program: Program, folder: Path) -> Path:
    path = write_onnx(program, folder)
    write_project(program, path, folder / "project", HlsConfig(), vendored=False)
    return folder / "project"


def test_no_operator_does_what_is_undefined(tmp_path: Path) -> None:
    """The first case of each, rounded and saturated, in one program; the zoo: tools/bench."""
    programs = [test.program(test.cases[0], "ROUND", "SAT") for test in operator_tests()]
    program = together(programs)
    assert undefined_behaviour(project(program, tmp_path), random_codes(program, N_EVENTS)) == ()


UNDEFINED = {
    "volatile int most = 2147483647; most = most + 1;": "signed integer overflow",
    "volatile int less = -1; volatile int by = 7 << less;": "shift exponent -1",
    "volatile int far = 40; volatile int wide = 1 << far;": "shift exponent 40",
    "int *one = new int[1]; one[far / 40] = 0; delete[] one;": "heap-buffer-overflow",
}


def test_what_is_undefined_is_found(tmp_path: Path) -> None:
    program = nano_program()
    folder = project(program, tmp_path)
    [path] = (folder / "firmware").glob("*.cpp")
    text = path.read_text(encoding="utf-8")
    call = next(line for line in text.splitlines() if "<config" in line)
    path.write_text(text.replace(call, "\n".join([*UNDEFINED, call]), 1), encoding="utf-8")
    lines = undefined_behaviour(folder, random_codes(program, 12))
    assert len(lines) == len(UNDEFINED)
    for line, finding in zip(lines, UNDEFINED.values(), strict=True):
        assert finding in line
        assert "traced.cpp" in line
