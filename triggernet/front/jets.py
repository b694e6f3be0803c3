"""Jets: generated, converted, inspected, loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from triggernet import data
from triggernet.config import load_config
from triggernet.data.classes import class_groups
from triggernet.data.generation.config import preset
from triggernet.data.generation.kinds import config_of, maker_of
from triggernet.data.inspection import Inspection
from triggernet.data.inspection import inspect as inspect_file
from triggernet.errors import UsageError
from triggernet.front.paths import AnyPath, maybe, path


def generate(
    process: str,
    *,
    jets: int,
    out: AnyPath,
    seed: int = 1,
    workers: int = 1,
    config: AnyPath | None = None,
    settings: Mapping[str, Any] | None = None,
    cluster: str | None = None,
) -> dict[str, Any]:
    """Generate jets with Pythia 8; an interrupted generation goes on where it stopped.

    Parameters
    ----------
    process : str
        ``"toptag"`` or ``"wtag"``: the signal, against QCD dijets. ``"fiveclass"``: gluons, light
        quarks, W and Z bosons and tops near 1 TeV. ``"flavour"``: b, c, light and tau jets with
        tracks, of top pairs and of a Z'.
    jets : int
        How many; as many of each class.
    out : path
        The HDF5 file to write.
    seed : int
        Equal seeds give equal files, whatever the number of workers.
    workers : int
        Number of processes.
    config : path, optional
        A YAML file with settings of the generation.
    settings : mapping of str to Any, optional
        Single settings by their dotted keys; they win over `config`.
    cluster : str, optional
        The address of a Dask scheduler, in place of `workers`.

    Returns
    -------
    dict
        What was made: jets, events, cross-sections.

    Raises
    ------
    UsageError, ConfigError
        For settings that are unknown or not allowed.
    ToolError
        If Pythia 8 or FastJet is missing, or refuses a setting; if the cluster does not answer.
    """
    from triggernet.data.generation.sample import generate as generate_file

    given = generation_config(process, config, settings)
    maker = maker_of(process)
    return generate_file(given, jets, path(out), seed, workers, cluster=cluster, given=maker)


def generation_config(
    process: str, config: AnyPath | None = None, settings: Mapping[str, Any] | None = None
) -> Any:
    """What `generate` is told by a process, a file and single settings.

    Raises
    ------
    ConfigError
        For settings that are unknown or not allowed.
    """
    values = {**(settings or {}), "process": process}
    return load_config(config_of(process), maybe(config), values, preset(process))


def convert(
    source: AnyPath,
    *,
    out: AnyPath,
    limit: int | None = None,
    compact: int | None = None,
    classes: Sequence[str] = (),
    signal: Sequence[str] = (),
    background: Sequence[str] = (),
    layout: str = "triggernet",
    columns: AnyPath | Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write jets of any known format in triggernet's own; all classes, or a choice of them.

    Parameters
    ----------
    source : path
        An HDF5 or ROOT file of jets.
    out : path
        The HDF5 file to write.
    limit : int, optional
        Only so many jets, the first ones.
    compact : int, optional
        Keep only so many leading constituents, as integers of the default encoding.
    classes : sequence of str, optional
        Keep only these classes, in this order; of two, the background comes first.
    signal, background : sequence of str, optional
        Keep two classes, each made of those named here: ``signal=["top"]``,
        ``background=["gluon", "quark"]`` gives the classes ``"gluon+quark"`` and ``"top"``.
    layout : str
        ``"hls4ml"`` writes the layout of the five-class LHC jets as published, ``"flavour"`` that
        of ATLAS flavour tagging, for jets with tracks.
    columns : path or mapping, optional
        A YAML file, or its content: which column of any HDF5, ROOT, Parquet or NumPy file is what.

    Returns
    -------
    dict
        Number of jets and their classes.

    Raises
    ------
    DataError
        If the file is no file of jets, or damaged; if a class is there by name and has no jets, or
        has no place in the layout.
    UsageError
        If a class is unknown or named twice, or options contradict one another.
    """
    groups = class_groups(classes, signal, background)
    if columns is not None:
        if compact is not None or groups or layout != "triggernet":
            raise UsageError(
                "with columns nothing but a limit can be given; convert what was written once more"
            )
        jets = load_jets(source, limit=limit, columns=columns)
        data.save_jets(path(out), jets)
        return {"jets": len(jets), "classes": list(jets.classes)}
    return data.convert(path(source), path(out), limit, compact, groups=groups, layout=layout)


def inspect(
    file: AnyPath, *, against: AnyPath | None = None, out: AnyPath | None = None
) -> Inspection:
    """Say what a file of jets holds, and draw it.

    Parameters
    ----------
    file : path
    against : path, optional
        Jets to compare with, drawn as points.
    out : path, optional
        A plot to write: PNG, PDF or SVG.

    Raises
    ------
    DataError
        If a file is no file of jets, or damaged.
    """
    return inspect_file(
        path(file),
        maybe(against),
        maybe(out),
    )


def load_jets(
    file: AnyPath,
    *,
    limit: int | None = None,
    columns: AnyPath | Mapping[str, Any] | None = None,
) -> data.Jets:
    """Read jets of any known format, or of any table whose columns are named.

    Parameters
    ----------
    file : path
        An HDF5 or ROOT file of jets.
    limit : int, optional
        Only so many jets, the first ones.
    columns : path or mapping, optional
        A YAML file, or its content: which column of any HDF5, ROOT, Parquet or NumPy file is what.

    Returns
    -------
    Jets
        Four-momenta as E, px, py, pz in GeV, constituents by falling transverse momentum.

    Raises
    ------
    DataError
        If the file is no file of jets, or damaged.
    """
    if columns is None:
        return data.load_jets(path(file), limit)
    chosen = columns if isinstance(columns, Mapping) else path(columns)
    return data.load_columns(path(file), chosen, limit)
