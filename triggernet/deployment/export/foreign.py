"""From a file of somebody else to the files of an export."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx

from triggernet.deployment.export.onnx_file import DOMAIN, to_onnx
from triggernet.deployment.export.run import Export
from triggernet.deployment.hls.names import is_reserved
from triggernet.deployment.project.layout import MODEL, PROGRAM
from triggernet.deployment.project.origin import ORIGIN, SOURCE, Origin, OriginPort
from triggernet.deployment.rtl.lower import PORT_WORDS
from triggernet.errors import ProgramError, in_one_line, naming
from triggernet.fixedpoint import FixedPoint
from triggernet.program import Program
from triggernet.program.names import legal_name
from triggernet.program.onnx_model import MOST_BYTES, check_model, load_model
from triggernet.program.readers.foreign import Imported, Port, import_model
from triggernet.program.readers.qonnx import read_program

ENDING = ".onnx"


@dataclass(frozen=True)
class Types:
    """Types that the user states, by the names of inputs and outputs in the file."""

    inputs: Mapping[str, FixedPoint]
    outputs: Mapping[str, FixedPoint]

    @classmethod
    def parse(cls, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> Types:
        """From texts such as ``fixed<8,3>``; UsageError for one that is no type."""
        return cls(
            {name: FixedPoint.parse(text) for name, text in inputs.items()},
            {name: FixedPoint.parse(text) for name, text in outputs.items()},
        )


def export_file(path: Path, types: Types) -> Export:
    """Read a QONNX file, whoever wrote it, and make the files of an export; writes nothing.

    Raises
    ------
    ProgramError
        If it cannot be read.
    UnsupportedError
        Naming the node that has no exact form.
    """
    with naming(path):
        return export_source(self_contained(path), path.name, path, types)


def export_source(model: onnx.ModelProto, file: str, source: Path, types: Types) -> Export:
    """The files of an export of a model in memory; errors as `export_file`."""
    if any(node.domain == DOMAIN for node in model.graph.node):
        program = read_program(model)
        return Export(program, _files(program, {}), source)
    name = legal_name(Path(file).stem).lower()
    imported = import_model(
        inlined(model),
        name=port_name(name),
        input_types=types.inputs,
        output_types=types.outputs,
        port_name=port_name,
    )
    origin = Origin(file, *_ports(imported), tuple(_shown(note) for note in imported.notes))
    files = _files(imported.program, _metadata(imported))
    files[SOURCE] = model.SerializeToString(deterministic=True)
    files[ORIGIN] = (origin.to_json() + "\n").encode()
    return Export(imported.program, files, source, notes=(*imported.notes, *scale_notes(imported)))


def _files(program: Program, metadata: Mapping[str, str]) -> dict[str, bytes]:
    exported = to_onnx(program, metadata)
    if read_program(exported) != program:
        raise AssertionError(f"the QONNX file of '{program.name}' does not read back")
    return {
        MODEL: exported.SerializeToString(deterministic=True),
        PROGRAM: (program.to_json() + "\n").encode(),
    }


def _ports(imported: Imported) -> tuple[tuple[OriginPort, ...], tuple[OriginPort, ...]]:
    inputs, outputs = (
        tuple(_port(p) for p in ports) for ports in (imported.inputs, imported.outputs)
    )
    return inputs, outputs


def _port(port: Port) -> OriginPort:
    scale = port.scale if port.one_scale is None else (port.one_scale,)
    return OriginPort(
        port.graph_name, port.name, port.tensor, port.shape, tuple(str(s) for s in scale)
    )


def _metadata(imported: Imported) -> dict[str, str]:
    """Scales of the ports, for whoever reads the QONNX file alone."""

    def scales(ports: tuple[Port, ...]) -> str:
        return json.dumps({p.name: [float(s) for s in _port_scale(p)] for p in ports})

    return {
        "triggernet.input_scale": scales(imported.inputs),
        "triggernet.output_scale": scales(imported.outputs),
    }


def _port_scale(port: Port) -> list[float]:
    return [float(s) for s in (port.scale if port.one_scale is None else (port.one_scale,))]


def scale_notes(imported: Imported) -> list[str]:
    """What the values of ports must be multiplied with, where that is not 1."""
    notes = []
    for kind, ports in (("input", imported.inputs), ("output", imported.outputs)):
        for port in ports:
            if port.one_scale is None:
                notes.append(f"{kind} '{port.name}' has a scale of its own for each value")
            elif port.one_scale != 1:
                notes.append(f"{kind} '{port.name}' is in units of {float(port.one_scale):g}")
    return notes


def _shown(note: str) -> str:
    return note if len(note) < 500 else f"{note[:490]} ..."


def port_name(foreign: str) -> str:
    """A name that Verilog and C++ take for a port, from any text."""
    name = legal_name(foreign)
    taken = is_reserved(name) or {name, name.lower()} & PORT_WORDS or name.isupper()
    return f"v_{name.lower()}" if taken else name


# Reading


def self_contained(path: Path) -> onnx.ModelProto:
    """The model in a file, with data that it keeps in files beside it.

    Raises
    ------
    ProgramError
        If it cannot be read, or refers to a file outside of its folder.
    """
    if not path.is_file():
        raise ProgramError(f"no file at {path}")
    if path.stat().st_size <= MOST_BYTES and _external(path):
        return _with_data(path)
    return load_model(path)


def _external(path: Path) -> bool:
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model(str(path), load_external_data=False)
    except (DecodeError, UnicodeDecodeError, OSError):
        return False  # `load_model` says what is wrong
    return any(True for _ in _outside(model))


def _outside(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            yield tensor


def _with_data(path: Path) -> onnx.ModelProto:
    from onnx.external_data_helper import load_external_data_for_tensor

    model = onnx.load_model(str(path), load_external_data=False)
    folder, total = path.parent.resolve(), 0
    for tensor in _outside(model):
        entries = {e.key: e.value for e in tensor.external_data}
        place = (folder / entries.get("location", "")).resolve()
        if not place.is_relative_to(folder) or not place.is_file():
            raise ProgramError(
                f"tensor {tensor.name!r} lies in {entries.get('location', '')!r}, which is no file "
                "of the model's own folder; store the model in one file"
            )
        total += place.stat().st_size
        if total > MOST_BYTES:
            raise ProgramError(f"its data take more than {MOST_BYTES} bytes, too many")
        try:
            load_external_data_for_tensor(tensor, str(folder))
        except (OSError, ValueError, RuntimeError, onnx.checker.ValidationError) as error:
            raise ProgramError(f"tensor {tensor.name!r}: {in_one_line(error)}") from error
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]
    check_model(model)
    return model


def inlined(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without functions of its own; those of quantisers are known anyway."""
    names = [(f.domain, f.name) for f in model.functions if not f.name.endswith("Quant")]
    if not names:
        return model
    from onnx import inliner

    try:
        return inliner.inline_selected_functions(model, names)
    except (RuntimeError, ValueError) as error:
        raise ProgramError(f"its functions cannot be inlined: {in_one_line(error)}") from error
