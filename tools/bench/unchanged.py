"""What the zoo gives: digests of all that is exported from it, and the values of its evaluation.

    tools/bench/unchanged.py write before.json                  with the code of one checkout
    tools/bench/unchanged.py write after.json                   with that of another
    tools/bench/unchanged.py compare before.json after.json     what differs, if anything: exit 1

A change that moves code must change none of it. `program.json` is compared without its format
number. Only the command line is used, so that checkouts of any layout can be compared:
``--command "/path/to/python -m triggernet"`` names that of another one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "triggernet" / "data" / "samples" / "toptag_reference.h5"
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


def described(command: list[str], entry: Path) -> dict[str, str]:
    """Digests by file, and the values of the evaluation, of one entry of the zoo."""
    values = {"evaluate": run(command, "evaluate", entry, "--data", REFERENCE, "--json")}
    for interval in INTERVALS:
        with tempfile.TemporaryDirectory() as folder:
            project = Path(folder) / "project"
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


def write(target: Path, command: list[str], entries: list[Path]) -> None:
    found = json.loads(target.read_text()) if target.exists() else {}
    for entry in entries:
        if entry.name not in found:
            found[entry.name] = described(command, entry)
            target.write_text(json.dumps(found, indent=1, sort_keys=True))
            print(entry.name, len(found[entry.name]), flush=True)


def compare(before: Path, after: Path) -> int:
    one, other = (json.loads(p.read_text()) for p in (before, after))
    differences = 0
    for entry in sorted(one.keys() | other.keys()):
        first, second = one.get(entry, {}), other.get(entry, {})
        for name in sorted(first.keys() | second.keys()):
            if first.get(name) != second.get(name):
                differences += 1
                print(f"{entry}: {name}")
    files = sum(len(values) for values in one.values())
    print(f"{differences} of {files} differ, in {len(one)} entries")
    return int(differences > 0)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("action", choices=("write", "compare"))
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--command", default=f"{sys.executable} -m triggernet")
    parser.add_argument("--entries", nargs="*", type=Path, help="folders of the zoo; all otherwise")
    args = parser.parse_args()
    if args.action == "compare":
        return compare(*args.files)
    entries = args.entries or sorted(p.parent for p in (ROOT / "models").glob("*/config.yaml"))
    write(args.files[0], shlex.split(args.command), entries)
    return 0


if __name__ == "__main__":
    sys.exit(main())
