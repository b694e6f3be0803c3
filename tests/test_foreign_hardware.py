"""A random model of each kind of somebody else, and two references, through HLS C++ and Verilog."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from foreign_models import Reference

from triggernet.deployment.export import write_export
from triggernet.deployment.export.foreign import Types, export_source
from triggernet.deployment.hls import HlsConfig
from triggernet.deployment.rtl.config import RtlConfig
from triggernet.deployment.verify import verify

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools" / "bench"))
from brevitas_models import KINDS, Recipe, random_model  # noqa: E402

N_VECTORS = 300
SEEDS = (0, 1, 25, 27, 30, 35, 37, 54, 61, 62, 64)  # the smallest of each kind; all: tools/bench


def test_every_kind_is_among_them() -> None:
    assert {Recipe.of(seed).kind for seed in SEEDS} == set(KINDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_model_is_exact_in_every_executor(tmp_path: Path, seed: int) -> None:
    _, model = random_model(seed)
    made = export_source(model, "model.onnx", Path(), Types({}, {}))
    write_export(made, tmp_path / "project", hls=HlsConfig(), rtl=RtlConfig())
    agreement = verify(tmp_path / "project", None, N_VECTORS, seed=3)
    assert agreement.exact, agreement.as_text()
    assert {"file, float32", "file, float64", "hls", "rtl"} <= set(agreement.executors)


@pytest.mark.parametrize(
    ("name", "interval"), [("b1_deepsets_po2_sum", 4), ("h2_attention_relu", 2)]
)
def test_a_folded_design_is_exact(tmp_path: Path, name: str, interval: int) -> None:
    made = export_source(Reference(name).load(), "model.onnx", Path(), Types({}, {}))
    config = RtlConfig(interval=interval)
    written = write_export(made, tmp_path / "project", rtl=config)
    assert written.hardware is not None
    assert written.hardware.interval_cycles > 1
    agreement = verify(tmp_path / "project", None, N_VECTORS, executors=("rtl", "onnxruntime"))
    assert agreement.exact, agreement.as_text()
    assert np.all([result.n for result in agreement.executors.values()])
