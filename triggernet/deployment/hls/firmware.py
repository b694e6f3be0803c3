"""The HLS C++ of a program: the files of the firmware and of its test bench, as text."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from triggernet.deployment.hls.accounting import check_conversion, layout
from triggernet.deployment.hls.config import HlsConfig
from triggernet.deployment.hls.convert import convert
from triggernet.deployment.hls.generated import Array, arguments
from triggernet.deployment.project import Generated, Vectors, generated
from triggernet.deployment.project.layout import MODEL, PROGRAM
from triggernet.deployment.project.vendored import header_contents
from triggernet.errors import ProjectError
from triggernet.program.types import Program

TEMPLATES = Path(__file__).parent / "templates"

# hls4ml's own are replaced: they pass floats, compare nothing and carry a random stamp.
REPLACED = ("build_lib.sh", "{name}_bridge.cpp", "{name}_test.cpp", "hls4ml_config.yml")
IGNORED = "/firmware/ap_types/\n/firmware/nnet_utils/\n/build/\n/*_prj/\n/tb_data/*.log\n*.log\n"


def firmware_files(
    program: Program, model: Path, config: HlsConfig, vectors: Vectors | None = None
) -> dict[str, bytes]:
    """The files of the HLS C++ of a program, by their path in a project; hls4ml's headers aside.

    hls4ml converts the file; then every node, type, size and constant of what it generated is
    accounted for.

    Parameters
    ----------
    program : Program
        The program that `model` holds.
    model : Path
        The QONNX file, as exported.
    config : HlsConfig
    vectors : Vectors, optional
        For the test bench, which has no events (and fails) without them.

    Raises
    ------
    UnsupportedError
        If a node is not known to be converted exactly.
    ProgramError
        If the file and the program differ.
    ProjectError
        If what was generated is not the program.
    UsageError
        If the vectors lack an input or output.
    """
    name = config.top
    texts = convert(program, model, config)
    check_conversion(program, texts, name)
    for replaced in REPLACED:
        texts.pop(replaced.format(name=name), None)
    texts |= _own_texts(program, config, texts[f"firmware/{name}.cpp"])
    # The Tcl of hls4ml adds this folder, and stops if there is none.
    texts.setdefault("firmware/weights/README", "Constants of the nodes, as integer codes.\n")
    if vectors is not None:
        texts["tb_data/inputs.dat"], texts["tb_data/expected.dat"] = vectors.texts(program)
    return {path: text.encode() for path, text in texts.items()}


def generate_project(
    program: Program, model: Path, config: HlsConfig, vectors: Vectors | None = None
) -> Generated:
    """The HLS project of a program; arguments and errors as for `firmware_files`."""
    files = firmware_files(program, model, config, vectors) | {MODEL: model.read_bytes()}
    return generated(program.name, files, {"config": dataclasses.asdict(config)})


def write_project(
    program: Program,
    model: Path,
    folder: Path,
    config: HlsConfig,
    *,
    vectors: Vectors | None = None,
    vendored: bool = True,
    overwrite: bool = False,
) -> Generated:
    """Generate the HLS project of a program and write it, whole or not at all.

    Parameters
    ----------
    program, model, config, vectors
        As for `firmware_files`.
    folder : Path
        Where the project shall lie.
    vendored : bool
        Copy hls4ml's headers too, so that the project stands alone.
    overwrite : bool
        Replace a project or an export that lies there.

    Raises
    ------
    UsageError
        As `triggernet.files.new_folder`.
    UnsupportedError, ProgramError, ProjectError
        As `firmware_files`.
    """
    project = generate_project(program, model, config, vectors)
    project.write(folder, beside=header_contents() if vendored else None, overwrite=overwrite)
    return project


def read_name(folder: Path) -> str:
    """The name of the top function of a written project; ProjectError if it has none."""
    sources = sorted((folder / "firmware").glob("*.cpp"))
    if len(sources) != 1:
        raise ProjectError(
            f"{folder / 'firmware'} holds {len(sources)} .cpp files; expected that of the top "
            "function alone"
        )
    return sources[0].stem


def fill(template: str, values: Mapping[str, object]) -> str:
    """The text of a template with every ``@KEY@`` replaced."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    return text


def event_code(program: Program, top: str, name: str) -> dict[str, object]:
    """What a test bench needs to run one event, by placeholder of its template."""
    where = layout(program, top)
    inputs = [where.array(tensor) for tensor in program.inputs]
    outputs = [where.array(tensor) for tensor in program.outputs]
    lines = [f"{a.type} {a.name}[{a.size}];" for a in (*inputs, *outputs)]
    lines += _transfers("set_codes(inputs + {offset}, {size}, {name})", inputs)
    lines.append(f"{name}({', '.join(_argument_order(top, (*inputs, *outputs)))});")
    lines += _transfers("get_codes({name}, {size}, outputs + {offset})", outputs)
    return {
        "N_INPUTS": sum(a.size for a in inputs),
        "N_OUTPUTS": sum(a.size for a in outputs),
        "EVENT": "\n".join(f"    {line}" for line in lines),
    }


def _argument_order(top: str, ports: Sequence[Array]) -> list[str]:
    """The names of all inputs and outputs as the top function takes them.

    hls4ml sorts the outputs by the nodes that write them, not as the program lists them.
    """
    taken, expected = [a.name for a in arguments(top)], [a.name for a in ports]
    if sorted(taken) != sorted(expected):
        raise ProjectError(f"the generated C++ takes {taken}; the program's ports are {expected}")
    return taken


def _transfers(call: str, arrays: Sequence[Array]) -> Iterator[str]:
    offset = 0
    for array in arrays:
        text = call.format(offset=offset, size=array.size, name=array.name)
        yield f"triggernet::{text};"
        offset += array.size


def _own_texts(program: Program, config: HlsConfig, top: str) -> dict[str, str]:
    """The files that triggernet adds to hls4ml's."""
    name = config.top
    values = event_code(program, top, name) | {"PROJECT": name, "PROGRAM": program.name}
    return {
        f"{name}_test.cpp": fill("testbench.cpp", values),
        "integer_codes.h": fill("integer_codes.h", {}),
        "Makefile": fill("Makefile", values),
        "README.md": fill("README.md", values),
        ".gitignore": IGNORED,
        PROGRAM: program.to_json() + "\n",
    }
