"""Classes of jets, selected and merged by their names."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from triggernet.data.jets import Jets
from triggernet.errors import DataError, UsageError

Groups = tuple[tuple[str, ...], ...]  # the classes that come out, each of the classes it is made of


def class_groups(
    classes: Sequence[str] = (), signal: Sequence[str] = (), background: Sequence[str] = ()
) -> Groups:
    """What `regroup` is to do: `classes` one by one, or two of `background` and of `signal`.

    Raises
    ------
    UsageError
        If both are given, or one of `signal` and `background` without the other.
    """
    if classes and (signal or background):
        raise UsageError(
            "classes are selected one by one or merged into a signal and a background; give either "
            "classes, or signal and background"
        )
    if bool(signal) != bool(background):
        given, missing = ("signal", "background") if signal else ("background", "signal")
        raise UsageError(f"{given} without {missing}: name the classes that make up the {missing}")
    if signal:
        return tuple(background), tuple(signal)
    return tuple((name,) for name in classes)


def regroup(jets: Jets, groups: Groups) -> Jets:
    """The jets of the named classes, in their order, each group one class.

    Parameters
    ----------
    jets
        All jets.
    groups
        Of each class that comes out the names of those it is made of; for two classes the
        background first. Classes that are not named are left out.

    Returns
    -------
    Jets
        A group of one class keeps its name, one of several is called ``"gluon+quark"``. The
        provenance says in ``selection`` what was done.

    Raises
    ------
    UsageError
        If a class is unknown, or named twice.
    DataError
        If a group has no jets of one of its classes.
    """
    refuse_missing_classes(jets.label, jets.classes, groups)
    return renamed(jets, groups)


def renamed(jets: Jets, groups: Groups) -> Jets:
    """`regroup` of some jets of a sample, without its checks."""
    to = new_labels(jets.classes, groups)
    kept = jets.select(to[jets.label] >= 0)
    names = tuple("+".join(group) for group in groups)
    made = f"{', '.join(names)} of {', '.join(jets.classes)}"
    earlier = jets.provenance.get("selection")
    about = {**jets.provenance, "selection": f"{earlier}; {made}" if earlier else made}
    return replace(kept, label=to[kept.label], classes=names, provenance=about)


def new_labels(classes: Sequence[str], groups: Groups) -> NDArray[np.int64]:
    """The new label of each class (k,), -1 for those that are left out."""
    to = np.full(len(classes), -1, np.int64)
    for label, group in enumerate(groups):
        for name in group:
            to[classes.index(name)] = label
    return to


def count_of(label: NDArray[np.int64], classes: Sequence[str], groups: Groups) -> int:
    """How many jets with the labels (n,) `regroup` keeps."""
    return int((new_labels(classes, groups)[label] >= 0).sum())


def refuse_missing_classes(
    label: NDArray[np.int64], classes: Sequence[str], groups: Groups
) -> None:
    """Refuse groups that name a class that is unknown, named twice, or has no jet.

    Raises
    ------
    UsageError
        See `refuse_wrong_names`.
    DataError
        If a class has no jet.
    """
    refuse_wrong_names(classes, groups)
    counts = np.bincount(label, minlength=len(classes))
    for name in (name for group in groups for name in group):
        if counts[classes.index(name)] == 0:
            raise DataError(
                f"none of the {len(label)} jets is of the class {name!r}; there are "
                + ", ".join(f"{n} of {c}" for n, c in zip(counts, classes, strict=True) if n)
            )


def refuse_wrong_names(classes: Sequence[str], groups: Groups) -> None:
    """Refuse groups that name a class twice, or one that is not among `classes`.

    Raises
    ------
    UsageError
        If so.
    """
    names = [name for group in groups for name in group]
    for name in names:
        if name not in classes:
            near = difflib.get_close_matches(name, classes, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UsageError(
                f"the jets have no class {name!r}; their classes are {', '.join(classes)}{hint}"
            )
        if names.count(name) > 1:
            raise UsageError(f"the class {name!r} is named twice; name each class once")
