"""Reading the C++ that hls4ml generated: calls, variables and their types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from triggernet.errors import ProjectError
from triggernet.fixedpoint import FixedPoint, Quantiser

_CALL = re.compile(r"^\s*(?P<function>[\w:]+)<(?P<types>[^()]*)>\((?P<arguments>[^()]*)\);")
_COMMENT = re.compile(r"//\s*(?P<name>\S+)\s*$")
_ARRAY = re.compile(r"\b(?P<type>\w+) (?P<name>\w+)\[(?P<size>[\d*]+)\]")
_TYPEDEF = re.compile(r"^typedef (?P<text>[^;]+) (?P<name>\w+);$", re.MULTILINE)
_FIXED = re.compile(
    r"ap_(?P<u>u?)fixed<(?P<width>\d+),(?P<integer>-?\d+)"
    r"(,AP_(?P<rounding>TRN|RND_CONV),AP_(?P<overflow>WRAP|SAT),0)?>"
)


@dataclass(frozen=True)
class Call:
    """A call in the top function.

    Attributes
    ----------
    line : int
        Its line, from 0.
    layer : str
        Name of the layer of hls4ml, from the comment behind the call.
    function : str
        With its namespace.
    arguments : tuple of str
    """

    line: int
    layer: str
    function: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Array:
    """An array of the top function: an argument or a local variable."""

    name: str
    type: str
    size: int


def calls(text: str) -> tuple[Call, ...]:
    """The calls in a top function, in order.

    Raises
    ------
    ProjectError
        If a call has no comment that names its layer.
    """
    calls_made = []
    for number, line in enumerate(text.splitlines()):
        match = _CALL.match(line)
        if match is None:
            continue
        comment = _COMMENT.search(line)
        if comment is None:
            raise ProjectError(f"line {number + 1} of the top function calls without a layer name")
        arguments = tuple(a.strip() for a in match["arguments"].split(","))
        calls_made.append(Call(number, comment["name"], match["function"], arguments))
    return tuple(calls_made)


def arrays(text: str) -> dict[str, Array]:
    """The arrays declared in a top function, arguments included, by name."""
    by_name = {}
    for match in _ARRAY.finditer(text):
        size = 1
        for factor in match["size"].split("*"):
            size *= int(factor)
        by_name[match["name"]] = Array(match["name"], match["type"], size)
    return by_name


def arguments(text: str) -> tuple[Array, ...]:
    """The arguments of a top function, in order."""
    head = text[text.find("(") : text.find(")")]
    return tuple(arrays(head).values())


def types(defines: str) -> dict[str, str]:
    """The typedefs of ``defines.h``, by name."""
    return {m["name"]: m["text"] for m in _TYPEDEF.finditer(defines)}


def quantiser_of(name: str, typedefs: Mapping[str, str]) -> Quantiser:
    """The fixed-point type and modes that a typedef stands for; ProjectError if it is another."""
    match = _FIXED.fullmatch(typedefs.get(name, ""))
    if match is None:
        raise ProjectError(
            f"type '{name}' of defines.h is {typedefs.get(name)!r}; expected a fixed-point type "
            "with AP_TRN or AP_RND_CONV and AP_SAT or AP_WRAP"
        )
    kind = FixedPoint(not match["u"], int(match["width"]), int(match["integer"]))
    # Without modes: those of ap_fixed, truncation and wrapping.
    return Quantiser(
        kind,
        "ROUND" if match["rounding"] == "RND_CONV" else "FLOOR",
        "SAT" if match["overflow"] == "SAT" else "WRAP",
    )
