"""HLS projects: generated as text with a digest, written by one function."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from triggernet.deployment.hls.accounting import check_conversion, layout
from triggernet.deployment.hls.config import HlsConfig
from triggernet.deployment.hls.convert import convert
from triggernet.deployment.hls.generated import Array
from triggernet.errors import ProjectError, UsageError
from triggernet.files import new_folder, write_files
from triggernet.fixedpoint import Codes
from triggernet.ownership import RECORD
from triggernet.program.file import load_program
from triggernet.program.types import Program
from triggernet.record import read_record, record_text
from triggernet.results import digest_of
from triggernet.version import __version__

TEMPLATES = Path(__file__).parent / "templates"
PROGRAM = "program.json"

# hls4ml's own are replaced: they pass floats, compare nothing and carry a random stamp.
REPLACED = ("build_lib.sh", "{name}_bridge.cpp", "{name}_test.cpp", "hls4ml_config.yml")
IGNORED = "/firmware/ap_types/\n/firmware/nnet_utils/\n/build/\n/*_prj/\n/tb_data/*.log\n*.log\n"


@dataclass(frozen=True)
class Vectors:
    """Events for a project's test bench.

    Attributes
    ----------
    inputs : mapping of str to int64 codes (n, *shape)
        For every input of the program.
    outputs : mapping of str to int64 codes (n, *shape)
        What every output of the program must be.
    """

    inputs: Mapping[str, Codes]
    outputs: Mapping[str, Codes]


@dataclass(frozen=True)
class Project:
    """A generated project: the content of its files by their path, and the digest of them all."""

    files: Mapping[str, bytes]
    digest: str


def generate_project(
    program: Program,
    onnx_path: Path,
    config: HlsConfig,
    vectors: Vectors | None = None,
    carried: Mapping[str, bytes] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Project:
    """Generate the HLS project of a program, vendored headers left out.

    hls4ml converts the file; then every node, type, size and constant of what it generated is
    accounted for.

    Parameters
    ----------
    program : Program
        The program that `onnx_path` holds.
    onnx_path : Path
        The QONNX file, as exported.
    config : HlsConfig
    vectors : Vectors, optional
        For the test bench, which has no events (and fails) without them.
    carried : mapping of str to bytes, optional
        Further files, by their path: the trained model, say.
    settings : mapping, optional
        For the record, with what these further files were made.

    Raises
    ------
    UnsupportedError
        If a node is not known to be converted exactly.
    ProgramError
        If the file and the program differ.
    ProjectError
        If what was generated is not the program.
    """
    name = config.project_name
    texts = convert(program, onnx_path, config)
    check_conversion(program, texts, name)
    for replaced in REPLACED:
        texts.pop(replaced.format(name=name), None)
    texts |= _own_texts(program, config, texts[f"firmware/{name}.cpp"])
    # The Tcl of hls4ml adds this folder, and stops if there is none.
    texts.setdefault("firmware/weights/README", "Constants of the nodes, as integer codes.\n")
    if vectors is not None:
        texts["tb_data/inputs.dat"] = _table(program, program.inputs, vectors.inputs)
        texts["tb_data/expected.dat"] = _table(program, program.outputs, vectors.outputs)
    files = dict(carried or {}) | {path: text.encode() for path, text in texts.items()}
    files["model.onnx"] = onnx_path.read_bytes()
    digest = digest_of(files)
    recorded = {"config": dataclasses.asdict(config), **(settings or {})}
    files[RECORD] = project_record(program.name, recorded, files, digest).encode()
    return Project(dict(sorted(files.items())), digest)


def write_project(
    program: Program,
    onnx_path: Path,
    folder: Path,
    config: HlsConfig,
    *,
    vectors: Vectors | None = None,
    carried: Mapping[str, bytes] | None = None,
    settings: Mapping[str, Any] | None = None,
    vendored: bool = True,
    overwrite: bool = False,
    keep: Sequence[Path] = (),
) -> Project:
    """Generate the HLS project of a program and write it, whole or not at all.

    Parameters
    ----------
    program, onnx_path, config, vectors, carried, settings
        As for `generate_project`.
    folder : Path
        Where the project shall lie.
    vendored : bool
        Copy hls4ml's headers too, so that the project stands alone.
    overwrite : bool
        Replace a project or an export that lies there.
    keep : sequence of Path
        Folders that must survive: what the project is made from.

    Raises
    ------
    UsageError
        As `triggernet.files.new_folder`.
    UnsupportedError, ProgramError, ProjectError
        As `generate_project`.
    """
    project = generate_project(program, onnx_path, config, vectors, carried, settings)
    with new_folder(folder, overwrite, keep) as temporary:
        files = dict(project.files)
        if vendored:
            files |= {path: source.read_bytes() for path, source in vendored_headers().items()}
        write_files(temporary, files)
    return project


def vendored_headers() -> dict[str, Path]:
    """hls4ml's headers, by their path in a project; nothing of hls4ml is imported."""
    templates = hls4ml_templates()
    found: dict[str, Path] = {}
    for root, pattern in (
        (templates / "vivado", "ap_types/**/*.h"),
        (templates / "vivado", "nnet_utils/*.h"),
        (templates / "vitis", "nnet_utils/*.h"),
    ):
        for path in sorted(root.glob(pattern)):
            found[f"firmware/{path.relative_to(root).as_posix()}"] = path
    return found


def hls4ml_templates() -> Path:
    """The folder of the installed hls4ml that holds its headers; ProjectError without hls4ml."""
    spec = importlib.util.find_spec("hls4ml")
    if spec is None or spec.origin is None:
        raise ProjectError(
            "the project lacks hls4ml's headers and hls4ml is not installed; install hls4ml, or "
            "write the project with its headers"
        )
    return Path(spec.origin).parent / "templates"


def read_program(folder: Path) -> Program:
    """The program of a written project.

    Raises
    ------
    ProjectError
        If `folder` is no HLS project.
    """
    path = folder / PROGRAM
    if not path.is_file():
        raise ProjectError(
            f"{folder} is no HLS project: it has no {PROGRAM}; `triggernet export --hls` writes one"
        )
    return load_program(path)


def read_name(folder: Path) -> str:
    """The name of the top function of a written project; ProjectError if it has none."""
    found = sorted((folder / "firmware").glob("*.cpp"))
    if len(found) != 1:
        raise ProjectError(
            f"{folder / 'firmware'} holds {len(found)} .cpp files; expected the top function's one"
        )
    return found[0].stem


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
    lines.append(f"{name}({', '.join(a.name for a in (*inputs, *outputs))});")
    lines += _transfers("get_codes({name}, {size}, outputs + {offset})", outputs)
    return {
        "N_INPUTS": sum(a.size for a in inputs),
        "N_OUTPUTS": sum(a.size for a in outputs),
        "EVENT": "\n".join(f"    {line}" for line in lines),
    }


def _transfers(call: str, arrays: Sequence[Array]) -> Iterator[str]:
    offset = 0
    for array in arrays:
        text = call.format(offset=offset, size=array.size, name=array.name)
        yield f"triggernet::{text};"
        offset += array.size


def _own_texts(program: Program, config: HlsConfig, top: str) -> dict[str, str]:
    """The files that triggernet adds to hls4ml's."""
    name = config.project_name
    values = event_code(program, top, name) | {"PROJECT": name, "PROGRAM": program.name}
    return {
        f"{name}_test.cpp": fill("testbench.cpp", values),
        "integer_codes.h": fill("integer_codes.h", {}),
        "Makefile": fill("Makefile", values),
        "README.md": fill("README.md", values),
        ".gitignore": IGNORED,
        PROGRAM: program.to_json() + "\n",
    }


def _table(program: Program, names: tuple[str, ...], codes: Mapping[str, Codes]) -> str:
    """Codes as text, one line an event, tensor after tensor."""
    missing = [name for name in names if name not in codes]
    if missing:
        raise UsageError(f"the test vectors lack the tensors {missing} of '{program.name}'")
    columns = [np.asarray(codes[name]).reshape(len(codes[name]), -1) for name in names]
    lines = (" ".join(map(str, row)) for row in np.concatenate(columns, axis=1).tolist())
    return "".join(f"{line}\n" for line in lines)


def project_record(
    program: str, settings: Mapping[str, Any], files: Mapping[str, bytes], digest: str
) -> str:
    """The text of a project's record.

    Parameters
    ----------
    program : str
        Name of the program.
    settings : mapping
        ``config`` of the HLS firmware, ``rtl`` of the Verilog, as far as there is any.
    files : mapping of str to bytes
        All files but the record.
    digest : str
        Of all of them.
    """
    tools = {"config": "hls4ml", "rtl": "da4ml"}
    return record_text(
        {
            "program": program,
            **settings,
            "versions": {
                "triggernet": __version__,
                **{t: importlib.metadata.version(t) for k, t in tools.items() if k in settings},
            },
            "digest": digest,
            "files": {path: hashlib.sha256(content).hexdigest() for path, content in files.items()},
        }
    )


def edited_files(folder: Path) -> list[str]:
    """Files of a written project that are not as generated (changed or missing), sorted."""
    return sorted(
        path
        for path, digest in read_record(folder).files.items()
        if not (folder / path).is_file()
        or hashlib.sha256((folder / path).read_bytes()).hexdigest() != digest
    )
