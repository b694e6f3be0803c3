"""Every kind of file that triggernet reads: how to make one, read it, and what its content is.

A kind is `guarded` if the file, or one beside it, has a check sum: a changed byte may be refused or
named, and must not change what is read. Archives guard their bytes only (`"bytes"`): what was
written again with other values is another file. Without a check sum are foreign files: published,
converted and five-class HDF5, JetClass ROOT, ONNX files, users' YAML, reports of the vendor's
tools. There only this is asserted: no traceback, no hang, one line.
"""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import vendor_reports
from damage import (
    Damage,
    hdf5_object,
    json_value,
    npz_array,
    onnx_field,
    text_token,
    torch_value,
    xml_value,
    yaml_value,
)

from triggernet.config import load_config
from triggernet.deployment.project.record import SEAL, record_text
from triggernet.ownership import RECORD
from triggernet.schema import VERSION

ROOT = Path(__file__).parent.parent
RUN = ROOT / "models" / "nanopelican-c2-n8j"
PROJECT = ROOT / "hls_projects" / "nanopelican-c2-n8j"


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    `make` writes a whole one and what belongs to it into a folder and returns its path; `read`
    reads it as commands do and returns what they work with; `damages` are tried besides those of
    any bytes; `weight` says how often it has its turn.
    """

    name: str
    make: Callable[[Path], Path]
    read: Callable[[Path], Any]
    damages: tuple[Damage, ...]
    guarded: Literal["", "bytes", "values"] = ""
    weight: int = 4


def plain(value: Any) -> Any:
    """What can be compared: dataclasses and arrays as text and lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return (str(value.dtype), value.shape, value.tobytes())
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def written(name: str, content: bytes | str) -> Callable[[Path], Path]:
    """A maker of a file with this content."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def inside(source: Path, name: str) -> Callable[[Path], Path]:
    """A maker of a copy of a folder, of which one file is meant."""

    def make(folder: Path) -> Path:
        shutil.copytree(source, folder / source.name)
        return folder / source.name / name

    return make


def sealed_project(name: str) -> Callable[[Path], Path]:
    """A maker of a project whose record carries a seal, whatever wrote the one in this tree."""

    def make(folder: Path) -> Path:
        path = inside(PROJECT, name)(folder)
        record = path.parent / RECORD
        content = json.loads(record.read_text())
        record.write_text(
            record_text({k: v for k, v in content.items() if k not in (SEAL, VERSION)})
        )
        return path

    return make


def unsealed_project(folder: Path) -> Path:
    """The record of a project as triggernet wrote it before there were seals and versions."""
    path = inside(PROJECT, RECORD)(folder)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in content.items() if k not in (SEAL, VERSION)}))
    return path


def sealed_metrics(folder: Path) -> Path:
    """Metrics with a seal; those of the zoo are from before there were seals."""
    from triggernet.learning.training.run_folder import METRICS, save_metrics

    path = inside(RUN, METRICS)(folder)
    save_metrics(path.parent, json.loads(path.read_text()))
    return path


def rtl_project(name: str) -> Callable[[Path], Path]:
    """A maker of a project with Verilog, of which one file is meant."""

    def make(folder: Path) -> Path:
        from rtl_projects import write_rtl_project

        return write_rtl_project(folder / "project", n=2) / name

    return make


def saved(write: Callable[[Path], Any], name: str) -> Callable[[Path], Path]:
    """A maker of what a function writes."""

    def make(folder: Path) -> Path:
        write(folder / name)
        return folder / name

    return make


def read_program_json(path: Path) -> Any:
    from triggernet.program.file import load_program

    return plain(load_program(path))


def read_project(path: Path) -> Any:
    """What reports know of the project, and which of its files they call edited."""
    from triggernet.deployment.project import load_project
    from triggernet.reports.report.subject import examined

    folder = next(p for p in path.parents if (p / "triggernet.json").is_file())
    project = load_project(folder)
    found = examined(project)
    values = (found.settings, found.part, found.clock, found.instances)
    return "named as edited" if project.edited else plain((values, project.program))


def read_rtl(path: Path) -> Any:
    from triggernet.deployment.project.sources import edited_files
    from triggernet.deployment.rtl.design import read_design

    design = read_design(path.parent.parent)
    edited = edited_files(path.parent.parent)
    return "named as edited" if edited else plain(design)


def read_onnx(path: Path) -> Any:
    from triggernet.program.readers.qonnx import read_program

    return plain(read_program(path))


def read_run(path: Path) -> Any:
    import torch

    from triggernet.learning.training import load_run

    run = load_run(path.parent)
    state = {} if run.quantised_model is None else run.quantised_model.state_dict()
    state = state | {f"float.{k}": v for k, v in run.float_model.state_dict().items()}
    weights = {
        k: v.numpy().tobytes() if torch.is_tensor(v) else str(v) for k, v in sorted(state.items())
    }
    # How it was trained decides nothing any more.
    sections = (run.config.model, run.config.encoding, run.config.quantisation)
    return weights, plain(sections), run.as_text()


def read_evidence(path: Path) -> Any:
    from triggernet.deployment.project import read_record
    from triggernet.reports.report.evidence import _encoding, made_by

    return plain((_encoding(path.parent), made_by(path.parent, read_record(path.parent))))


def read_jets(path: Path) -> Any:
    from triggernet.data import load_jets
    from triggernet.data.inspection import describe

    jets = load_jets(path)
    describe(jets)
    return plain(jets)


def read_chunk(path: Path) -> Any:
    from triggernet.data.generation.sample import read_chunk

    return plain(read_chunk(path))


def read_sample(path: Path) -> Any:
    from triggernet.data.generation.sample import open_folder

    return open_folder(path.parent, IDENTITY)


def read_vendor(path: Path) -> Any:
    from triggernet.reports.report.vendor import read_report

    return plain(read_report(path, path.name))


def read_budget(path: Path) -> Any:
    from triggernet.reports.budgets.tables import load_budget

    return plain(load_budget(path))


def read_part(path: Path) -> Any:
    from triggernet.parts import load_part

    return plain(load_part(path))


def read_run_config(path: Path) -> Any:
    from triggernet.learning.training.config import load_run_config

    return plain(load_run_config(path))


def read_generation(path: Path) -> Any:
    from triggernet.data.generation.config import GenerationConfig

    return plain(load_config(GenerationConfig, path))


def read_state(path: Path) -> Any:
    from triggernet.learning.training.state import TrainingState

    state = TrainingState(path.parent, path.parent / "history.jsonl")
    return str(state.get(path.stem))


IDENTITY = {"triggernet": "1", "settings": json.dumps({"n_jets": 4})}


def chunk_bytes() -> bytes:
    """A chunk of `generate`, invented."""
    from triggernet.data.generation.chunk import Chunk, as_arrays

    rng = np.random.default_rng(1)
    jets = [rng.normal(size=shape) for shape in ((5, 4, 3), (5, 4), (5, 4))]
    chunk = Chunk(
        jets[0].astype(np.float32),
        *jets[1:],
        np.arange(5),
        np.arange(5),
        9,
        8,
        5,
        0.25,
        0.5,
        1.5,
        0.1,
    )
    memory = io.BytesIO()
    np.savez_compressed(memory, **as_arrays(chunk))
    return memory.getvalue()


def torch_bytes() -> bytes:
    """A piece of a training, invented."""
    import torch

    memory = io.BytesIO()
    torch.save({"state": {"w": torch.arange(6.0)}, "loss": 0.5}, memory)
    return memory.getvalue()


def jet_makers() -> dict[str, Callable[[Path], Any]]:
    """Writers of jets in every format, by name."""
    import jet_files

    from triggernet.data.readers.compact import compact_encoding, save_compact
    from triggernet.data.readers.native import save_jets

    jets = jet_files.JETS
    return {
        "native": lambda path: save_jets(path, jets),
        "compact": lambda path: save_compact(path, jets, compact_encoding(8)),
        "published": jet_files.write_published,
        "converted": jet_files.write_converted,
        "hls4ml": jet_files.write_hls4ml,
        "jetclass": jet_files.write_jetclass,
    }


BUDGET = "title: mine\nlatency_ns: 1000.0\nalgorithm_share: 0.5\ntime_multiplexing: 6\n"
PART = "title: mine\nlut: 1000\nff: 2000\ndsp: 30\nbram: 40\nslrs: 2\n"
GENERATION = "process: toptag\nchunk_jets: 100\ncollision:\n  pile_up: 0.0\n"
REPORTS = {
    "tagger_csynth.xml": vendor_reports.CSYNTH_XML.format(top="tagger", dsp="DSP"),
    "tagger_csynth.rpt": vendor_reports.CSYNTH_RPT,
    "csynth.rpt": vendor_reports.CSYNTH_SUMMARY,
    "tagger_cosim.rpt": vendor_reports.COSIM_RPT.format(status="Pass"),
    "util.rpt": vendor_reports.UTILISATION.format(state="Routed", lut=8642),
    "timing.rpt": vendor_reports.TIMING.format(wns="0.123"),
}


def kinds() -> list[Kind]:
    """All of them."""
    jets = jet_makers()
    run_config = (RUN / "config.yaml").read_text()
    return [
        Kind("program", inside(RUN, "program.json"), read_program_json, (json_value,)),
        Kind("project", sealed_project("program.json"), read_project, (json_value,), "values"),
        Kind("record", sealed_project(RECORD), read_project, (json_value,), "values"),
        Kind("old record", unsealed_project, read_project, (json_value,), weight=2),
        Kind("rtl record", rtl_project(RECORD), read_project, (json_value,)),
        Kind("design", rtl_project("rtl/design.json"), read_rtl, (json_value,), "values"),
        Kind("onnx", inside(RUN, "model.onnx"), read_onnx, (onnx_field,) * 4, weight=8),
        Kind("run config", inside(RUN, "config.yaml"), read_run, (yaml_value,), "values", 2),
        Kind("float", inside(RUN, "float.pt"), read_run, (torch_value,), "bytes", 1),
        Kind("checkpoint", inside(RUN, "checkpoint.pt"), read_run, (torch_value,), "bytes", 1),
        Kind("metrics", sealed_metrics, read_run, (json_value,), "values", weight=1),
        Kind("old metrics", inside(RUN, "metrics.json"), read_run, (json_value,), weight=1),
        Kind("provenance", inside(PROJECT, "provenance.json"), read_evidence, (json_value,)),
        Kind("encoding", inside(PROJECT, "config.yaml"), read_evidence, (yaml_value,)),
        Kind("training", written("my.yaml", run_config), read_run_config, (yaml_value,)),
        Kind("generation", written("my.yaml", GENERATION), read_generation, (yaml_value,)),
        Kind("budget", written("my.yaml", BUDGET), read_budget, (yaml_value,)),
        Kind("part", written("my.yaml", PART), read_part, (yaml_value,)),
        Kind("state", written("piece.pt", torch_bytes()), read_state, (torch_value,), "bytes"),
        Kind("chunk", written("c.npz", chunk_bytes()), read_chunk, (npz_array,), "bytes"),
        Kind("sample", written("sample.json", json.dumps(IDENTITY)), read_sample, (json_value,)),
        *(
            Kind(name, saved(jets[name], "jets.h5"), read_jets, (hdf5_object,) * 3, checked)
            for name, checked in (
                ("native", "values"), ("compact", "values"), ("converted", ""), ("hls4ml", ""),
            )
        ),
        Kind("published", saved(jets["published"], "j.h5"), read_jets, (hdf5_object,), weight=2),
        Kind("jetclass", saved(jets["jetclass"], "jets.root"), read_jets, (), weight=2),
        *(
            Kind(name, written(name, text), read_vendor, (_of_text(name), text_token), weight=2)
            for name, text in REPORTS.items()
        ),
    ]  # fmt: skip


def _of_text(name: str) -> Damage:
    return xml_value if name.endswith(".xml") else text_token
