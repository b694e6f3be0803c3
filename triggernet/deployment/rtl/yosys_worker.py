"""Runs Yosys on a job. A program of its own, since Yosys ends its whole process on an error.

    python -m triggernet.deployment.rtl.yosys_worker job.json

The job names ``sources`` (paths from the current folder), ``top``, the synthesis ``command``, and
where the statistics go (``statistics``) and the netlist, if anywhere (``netlist``). With ``shared``
true, a module that is used twice or more and is not tiny is synthesised once and stays a module;
everything else is dissolved into its parents.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Words of logic; below, a module is an operation or two, and better seen together with its parent.
SHARED_FROM_CELLS = 16


def main(argv: list[str]) -> int:
    """Run the job in the file `argv` names."""
    job: dict[str, Any] = json.loads(Path(argv[1]).read_text("utf-8"))
    from pyosys import libyosys

    design = libyosys.Design()

    def run(command: str) -> None:
        design.run_pass(command)

    # Without -defer a parametrised module would be elaborated with its defaults as well.
    run("read_verilog -defer " + " ".join(f'"{path}"' for path in job["sources"]))
    run(f"hierarchy -check -top {job['top']}")
    run("proc")
    run("check -assert")  # conflicting drivers, wires without a driver, loops; with their lines
    # A table in look-up tables is plain logic to Yosys: asked for by name, it is refused.
    run("setattr -unset rom_style a:rom_style=distributed")
    if job["shared"]:
        _keep_shared(libyosys, design, f"\\{job['top']}")
    for command in job["command"].split("; "):
        run(command)
    run(f'tee -q -o "{job["statistics"]}" stat -json')
    if job["netlist"]:
        run(f'write_verilog -noattr "{job["netlist"]}"')
    return 0


def _keep_shared(libyosys: Any, design: Any, top: str) -> None:
    modules = {str(name): design.modules_[name] for name in list(design.modules_)}
    contents = {
        name: Counter(str(cell.type) for cell in module.cells_.values())
        for name, module in modules.items()
    }
    for name in shared_modules(contents, top):
        modules[name].set_bool_attribute(libyosys.IdString("\\keep_hierarchy"), True)


def shared_modules(contents: Mapping[str, Mapping[str, int]], top: str) -> set[str]:
    """Modules that are used twice or more and are not tiny.

    Parameters
    ----------
    contents : mapping
        For every module its cells, by type; a type that is a module is an instance of it.
    top : str
    """
    uses = instances(contents, top)
    return {
        name
        for name, count in uses.items()
        if count > 1 and _cells(contents, name) >= SHARED_FROM_CELLS
    }


def instances(contents: Mapping[str, Mapping[str, int]], top: str) -> dict[str, int]:
    """How often each module exists in the whole design below `top`, `top` itself once."""
    counts: Counter[str] = Counter()

    def visit(name: str, count: int) -> None:
        counts[name] += count
        for kind, number in contents[name].items():
            if kind in contents:
                visit(kind, count * number)

    visit(top, 1)
    return dict(counts)


def _cells(contents: Mapping[str, Mapping[str, int]], name: str) -> int:
    """Cells of a module with all that it contains."""
    return sum(
        number * (_cells(contents, kind) if kind in contents else 1)
        for kind, number in contents[name].items()
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv))
