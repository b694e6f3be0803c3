"""Real jets as input codes of a program, with the encoding that its input types state."""

from __future__ import annotations

from triggernet.data import EncodingConfig, Jets, encode, load_jets, sample_path, track_columns
from triggernet.deployment.verify.events import Events
from triggernet.errors import DataError
from triggernet.fixedpoint import Codes, FixedPoint
from triggernet.program import Program


def encoded_jets(
    program: Program, jets: Jets | None
) -> tuple[dict[str, Codes] | None, tuple[str, ...]]:
    """Codes of jets for the inputs of a program, and what a reader must know about them.

    Parameters
    ----------
    program : Program
    jets : Jets, optional
        The packaged reference jets if not given.

    Returns
    -------
    codes : dict of str to int64 (n, *shape), or None if the program reads something else than jets
    notes : tuple of str

    Raises
    ------
    DataError
        If jets were given that the program cannot read.
    """
    config = encoding_of(program)
    if config is None:
        problem = f"the inputs {', '.join(program.inputs)} are of no encoding of jets"
        if jets is not None:
            raise DataError(f"{problem}; leave the jets out")
        return None, (f"{problem}: no real jets among the vectors",)
    if jets is None and config.kind in track_columns.TYPES:
        return None, ("the inputs are of tracks: no real jets among the vectors; give some",)
    encoded = encode(load_jets(sample_path("toptag_reference")) if jets is None else jets, config)
    saturated = ", ".join(f"{name} {count}" for name, count in encoded.saturated.items() if count)
    notes = (f"values of real jets that saturate: {saturated}",) if saturated else ()
    return {name: encoded.inputs[name] for name in program.inputs}, notes


def real_events(
    program: Program, jets: Jets | None, events: Events | None
) -> tuple[dict[str, Codes] | None, tuple[str, ...]]:
    """Codes of a user's events, or else of jets; what a reader must know about them."""
    return encoded_jets(program, jets) if events is None else (events.inputs, events.notes)


def encoding_of(program: Program) -> EncodingConfig | None:
    """The encoding that gives a program's inputs their names and types; None if there is none."""
    types = {name: program.tensors[name].type for name in program.inputs}
    kind: dict[str, object]
    if {"pt", "eta", "phi"} <= set(types):
        kind = {"kind": "polar", "eta_width": types["eta"].width, "phi_width": types["phi"].width}
        kind |= _momentum("pt", types["pt"])
        if {"z0", "dxy"} <= set(types):
            kind["kind"] = "outer-tracks" if not types["dxy"].signed else "pixel-tracks"
        for name in {"jet_pt", "jet_excess"} & set(types):
            kind |= _momentum(name, types[name])
    elif {"e", "px", "py", "pz"} <= set(types):
        kind = {"kind": "cartesian"} | _momentum("momentum", types["e"])
    else:
        return None
    size = program.tensors[program.inputs[0]].size
    config = EncodingConfig(
        n_constituents=size,
        jet=any(name.startswith("jet_") for name in types),
        **kind,  # type: ignore[arg-type]
    )
    return config if all(config.types.get(name) == kind for name, kind in types.items()) else None


def _momentum(name: str, kind: FixedPoint) -> dict[str, object]:
    return {f"{name}_width": kind.width, f"{name}_lsb_gev": kind.lsb}
