"""The ten models of tests/data/foreign: stock hls4ml and triggernet, side by side.

    .venv/bin/python tools/bench/foreign_table.py --vectors 100000 --out DIR

triggernet: every executor on the same vectors, LUTs and latency of the Verilog at an interval of
one clock of 5 ns. hls4ml: as a careful user configures it (types by layer, the input's type by
hand, channels last for convolutions), compiled, on the 500 recorded events.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "foreign"


def stock(name: str, folder: Path) -> str:
    """How many of the recorded events stock hls4ml gets wrong, or why it refuses."""
    import hls4ml
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.channels_last import ConvertToChannelsLastAndClean
    from qonnx.transformation.gemm_to_matmul import GemmToMatMul
    from qonnx.util.cleanup import cleanup_model

    from triggernet.program.readers.foreign import import_model

    model = onnx.load(DATA / f"{name}.onnx")
    port = import_model(model)
    kind = port.program.tensors[port.inputs[0].name].type
    with np.load(DATA / f"{name}.npz") as file:
        x, y = file["x"], file["y"]
    wrapper = cleanup_model(ModelWrapper(model))
    convolutions = any(node.op_type == "Conv" for node in wrapper.graph.node)
    if convolutions:
        wrapper = wrapper.transform(ConvertToChannelsLastAndClean())
    wrapper = cleanup_model(wrapper.transform(GemmToMatMul()))
    config = hls4ml.utils.config_from_onnx_model(wrapper, granularity="name", backend="Vitis")
    for layer in config["LayerName"]:
        if wrapper.graph.input[0].name in layer:
            text = f"{'' if kind.signed else 'u'}fixed<{kind.width},{kind.integer},RND_CONV,SAT>"
            config["LayerName"][layer]["Precision"] = {"result": text}
    made = hls4ml.converters.convert_from_onnx_model(
        wrapper, output_dir=str(folder), io_type="io_parallel", backend="Vitis", hls_config=config
    )
    made.compile()
    feed = np.moveaxis(x, 1, -1) if convolutions and x.ndim > 2 else x
    found = made.predict(np.ascontiguousarray(feed, np.float64)).reshape(y.shape)
    wrong = int((np.abs(found - y).reshape(len(y), -1).max(axis=1) > 1e-6).sum())
    return (
        f"{wrong} of {len(y)}"
        if not wrong
        else f"{wrong} of {len(y)} ({np.abs(found - y).max():.2g})"
    )


def ours(name: str, folder: Path, vectors: int) -> dict:
    """What triggernet makes of a model."""
    import triggernet as tn

    start = time.monotonic()
    tn.export(DATA / f"{name}.onnx", out=folder, hls=True, rtl=True, overwrite=folder.exists())
    exported = time.monotonic() - start
    agreement = tn.verify(folder, vectors=vectors)
    design = json.loads((folder / "rtl" / "design.json").read_text())
    return {
        "differences": {k: [e.mismatches, e.n, e.ties] for k, e in agreement.executors.items()},
        "exact": agreement.exact,
        "lut": round(design["predicted"]["lut"]),
        "latency_cycles": design["latency_cycles"],
        "export_s": round(exported, 1),
        "verify_s": round(time.monotonic() - start - exported, 1),
    }


def alone(name: str, folder: Path) -> str:
    """`stock` in a process of its own: what goes wrong there stays there."""
    command = [sys.executable, __file__, "--stock", name, "--out", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    except subprocess.TimeoutExpired:
        return "not finished in 15 minutes"
    last = (done.stdout.strip().splitlines() or ["no answer"])[-1]
    error = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return last if done.returncode == 0 else f"refused: {error[:90]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--stock", help="only stock hls4ml on this model")
    args = parser.parse_args()
    if args.stock:
        with contextlib.redirect_stdout(io.StringIO()):
            text = stock(args.stock, args.out)
        print(text)
        return 0
    rows = {}
    for path in sorted(DATA.glob("*.onnx")):
        name = path.stem
        rows[name] = {"hls4ml": alone(name, args.out / f"{name}-stock")}
        rows[name] |= ours(name, args.out / name, args.vectors)
        print(name, json.dumps(rows[name]), flush=True)
    (args.out / "table.json").write_text(json.dumps(rows, indent=1))
    return int(not all(row["exact"] for row in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
