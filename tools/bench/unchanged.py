"""What the zoo gives: digests of all that is exported from it, and the values of its evaluation.

    tools/bench/unchanged.py write before.json                  with the code of one checkout
    tools/bench/unchanged.py write after.json                   with that of another
    tools/bench/unchanged.py compare before.json after.json     what differs, if anything: exit 1

A change that moves code must change none of it. `program.json` is compared without its format
number, an evaluation by the values that both give, to the last bit of them; values that only one
of them gives are named. Only the command line is used, so that checkouts of any layout can be
compared: ``--command "env PYTHONPATH=/path/to/checkout python -P -m triggernet"`` names that of
another one. With ``--keep FOLDER`` the exported projects stay there, to look at what differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "triggernet" / "data" / "samples"
EVALUATED = ("toptag_reference.h5", "toptag_generated.h5")  # of formats that no version changed
# What a project is compared by: the model, the program, the Verilog, the HLS firmware.
COMPARED = ("model.onnx", "program.json", "rtl/src/*.v", "firmware/**/*.cpp", "firmware/**/*.h")
INTERVALS = (1, 16)


def digest(path: Path) -> str:
    """SHA-256 of a file; of a program's content without its format number."""
    content = path.read_bytes()
    if path.name == "program.json":
        program = json.loads(content)
        program = {k: v for k, v in program.items() if not k.startswith("format")}
        content = json.dumps(program, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()


def run(command: list[str], *arguments: str | Path) -> str:
    # From elsewhere: `python -m` would take the package that lies in the current folder.
    done = subprocess.run(
        [*command, *map(str, arguments)], cwd="/", capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The numbers and words of nested mappings, by the path to each of them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{name}: {key}")
    else:
        yield name, value


def described(command: list[str], entry: Path, kept: Path) -> dict[str, Any]:
    """Digests by file, and the values of the evaluation, of one entry of the zoo."""
    values: dict[str, Any] = {}
    for sample in EVALUATED:
        evaluated = run(command, "evaluate", entry, "--data", SAMPLES / sample, "--json")
        values |= leaves(json.loads(evaluated), f"evaluate {sample}")
    for interval in INTERVALS:
        project = kept / entry.name / str(interval)
        kinds = ["--rtl", "--interval", str(interval)] + (["--hls"] if interval == 1 else [])
        run(command, "export", entry, *kinds, "--slim", "--out", project)
        for pattern in COMPARED:
            paths = sorted(project.glob(pattern))
            if not paths and (interval == 1 or not pattern.startswith("firmware")):
                raise SystemExit(f"{entry.name}: nothing to compare as {pattern}")
            for path in paths:
                name = path.relative_to(project).as_posix()
                values[f"interval {interval}: {name}"] = digest(path)
    return values


def write(target: Path, command: list[str], entries: list[Path], kept: Path) -> None:
    """Describe the entries that `target` does not know yet."""
    known = json.loads(target.read_text()) if target.exists() else {}
    for entry in entries:
        if entry.name not in known:
            known[entry.name] = described(command, entry, kept)
            target.write_text(json.dumps(known, indent=1, sort_keys=True))
            print(entry.name, len(known[entry.name]), flush=True)


def compare(before: Path, after: Path) -> int:
    """Print what differs; 1 if anything does that both have, or a file that only one has."""
    one, other = (json.loads(p.read_text()) for p in (before, after))
    compared, different, alone = 0, 0, set()
    for entry in sorted(one.keys() | other.keys()):
        first, second = one.get(entry, {}), other.get(entry, {})
        for name in sorted(first.keys() | second.keys()):
            if name.startswith("evaluate") and (name in first) != (name in second):
                alone.add(f"{name.partition(': ')[2]} ({'before' if name in first else 'after'})")
                continue
            compared += 1
            if first.get(name) != second.get(name):
                different += 1
                print(f"{entry}: {name}")
    if alone:
        print(f"values of the evaluation that one alone gives: {', '.join(sorted(alone))}")
    print(f"{different} of {compared} differ, in {len(one.keys() | other.keys())} entries")
    return int(different > 0)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("action", choices=("write", "compare"))
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--command", default=f"{sys.executable} -m triggernet")
    parser.add_argument("--entries", nargs="*", type=Path, help="folders of the zoo; all otherwise")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="new folder for the projects")
    args = parser.parse_args()
    if args.action == "compare":
        return compare(*args.files)
    entries = args.entries or sorted(p.parent for p in (ROOT / "models").glob("*/program.json"))
    with tempfile.TemporaryDirectory() as folder:
        kept = (args.keep or Path(folder)).resolve()
        write(args.files[0], shlex.split(args.command), entries, kept)
    return 0


if __name__ == "__main__":
    sys.exit(main())
