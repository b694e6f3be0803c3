"""Pythia's event record as a numpy array that shares its memory.

Reading an event through the bindings costs 1.2 ms in a Python loop, as much as generating it. The
record is a C++ vector of equal `Pythia8::Particle` objects, so one address and one stride suffice.
That layout is no promise of Pythia's: `check_layout` compares an event with what the bindings say,
and refuses to go on if they differ.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triggernet.errors import ToolError

# After the pointer to the virtual table: 8 ints (identity, status, 2 mothers, 2 daughters,
# 2 colours), then px, py, pz, e, m, scale, polarisation as doubles, a flag, and x, y, z, t.
FIELDS = ("id", "status", "mother1", "mother2", "daughter1", "daughter2")
OFFSETS = (8, 12, 16, 20, 24, 28, 40, 104)
MAX_BYTES = 1 << 30  # only described, never read: the count of particles bounds every view
CHECKED = 200
HOLDER_OFFSET = 16  # a pybind11 object: reference count and type, then the pointer to C++


def view(event: Any) -> NDArray[Any]:
    """Structured view (n,) of an event record: `FIELDS` (int32), `p` and `v` (4 doubles each).

    `p` is (px, py, pz, E) in GeV, `v` the place of production (x, y, z, t) in mm. Valid until the
    next event is generated.
    """
    first = address(event[0])
    memory: Any = (ctypes.c_char * MAX_BYTES).from_address(first)
    return np.frombuffer(memory, layout(address(event[1]) - first), event.size())


@cache
def layout(stride: int) -> np.dtype[Any]:
    """The record type of particles that lie `stride` bytes apart."""
    return np.dtype(
        {
            "names": [*FIELDS, "p", "v"],
            "formats": ["i4"] * len(FIELDS) + [("f8", 4)] * 2,
            "offsets": list(OFFSETS),
            "itemsize": stride,
        }
    )


def address(bound: Any) -> int:
    """Address of the C++ object behind a pybind11 object."""
    return int(ctypes.c_void_p.from_address(id(bound) + HOLDER_OFFSET).value or 0)


def check_layout(event: Any) -> None:
    """Compare the view of an event with what the bindings say.

    The first `CHECKED` particles are compared: partons, resonances and some hadrons.

    Raises
    ------
    ToolError
        If anything differs: this version of pythia8mc cannot be read.
    """
    first, second, third = (address(event[k]) for k in range(3))
    stride = second - first
    if not 136 <= stride <= 1024 or third - second != stride:
        raise ToolError(_MESSAGE.format("a stride", stride, "136 to 1024, constant"))
    record = view(event)[:CHECKED]
    particles = [event[k] for k in range(len(record))]
    for name in FIELDS:
        expected = np.array([getattr(particle, name)() for particle in particles])
        if not np.array_equal(record[name], expected):
            raise ToolError(_MESSAGE.format(f"field {name!r}", record[name][:4], expected[:4]))
    momenta = [[p.px(), p.py(), p.pz(), p.e()] for p in particles]
    places = [[p.xProd(), p.yProd(), p.zProd(), p.tProd()] for p in particles]
    for name, expected in (("p", np.array(momenta)), ("v", np.array(places))):
        if not np.array_equal(record[name], expected):
            raise ToolError(_MESSAGE.format(f"field {name!r}", record[name][:1], expected[:1]))


_MESSAGE = (
    "the event record of this pythia8mc is laid out differently: {} of {}, expected {}; "
    "install pythia8mc 8.317.2"
)
