"""Integers with other integers in the place of parts of them."""

from __future__ import annotations

from collections.abc import Mapping

from triggernet.deployment.prove.integers import Atom, Integer, Integers, atoms_of, known_as


def rewritten(bank: Integers, value: Integer, known: Mapping[tuple[int, ...], Integer]) -> Integer:
    """`value` with the variables that stand for parts of it."""
    done: dict[int, Integer] = {}

    def integer(a: Integer) -> Integer:
        found = known_as(known, a)
        if found is not None:
            return bank.scaled(*found)
        return bank.total([(done[x.number], f) for x, f in a.terms], a.const)

    for atom in atoms_of([value]):
        own = known.get((0, atom.number, 1))
        if own is not None:
            done[atom.number] = own
        else:
            done[atom.number] = _again(bank, atom, [integer(a) for a in atom.args])
    return integer(value)


def _again(bank: Integers, atom: Atom, args: list[Integer]) -> Integer:
    """An atom of other arguments."""
    match atom.op:
        case "var":
            return bank.var(str(atom.value), atom.lo, atom.hi)
        case "mul":
            return bank.multiply(*args)
        case "max":
            return bank.largest(*args)
        case "less":
            return bank.less(*args)
        case "equal":
            return bank.equal(*args)
        case "choose":
            return bank.choose(*args)
        case "floor" | "even":
            assert isinstance(atom.value, int)
            quotient = bank.floor if atom.op == "floor" else bank.even
            return quotient(args[0], atom.value)
    assert isinstance(atom.value, tuple)
    if args[0].lo >= 0 and args[0].hi < len(atom.value):
        return bank.entry(atom.value, args[0])
    return Integer(((atom, 1),), 0, atom.lo, atom.hi)  # as it was
