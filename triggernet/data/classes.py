"""Classes of jets, selected and merged by their names."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

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
    refuse_wrong_names(jets.classes, groups)
    counts = np.bincount(jets.label, minlength=len(jets.classes))
    to = np.full(len(jets.classes), -1, np.int64)
    for label, name in ((k, name) for k, group in enumerate(groups) for name in group):
        old = jets.classes.index(name)
        if counts[old] == 0:
            raise DataError(
                f"none of the {len(jets)} jets is of the class {name!r}; there are "
                + ", ".join(f"{n} of {c}" for n, c in zip(counts, jets.classes, strict=True) if n)
            )
        to[old] = label
    kept = jets.select(to[jets.label] >= 0)
    names = tuple("+".join(group) for group in groups)
    made = f"{', '.join(names)} of {', '.join(jets.classes)}"
    earlier = jets.provenance.get("selection")
    about = {**jets.provenance, "selection": f"{earlier}; {made}" if earlier else made}
    return replace(kept, label=to[kept.label], classes=names, provenance=about)


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
