"""Terms in order, and what they are for numbers of their variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from triggernet.deployment.prove.bits import Bits, operated, signed_of


def ordered(roots: Sequence[Bits], stop: Mapping[Bits, object] | None = None) -> list[Bits]:
    """All terms under `roots`, arguments first; below those of `stop` nothing."""
    seen: set[int] = set()
    terms: list[Bits] = []
    stack = list(roots)
    while stack:
        term = stack.pop()
        if term.number in seen:
            continue
        seen.add(term.number)
        terms.append(term)
        if stop is None or term not in stop:
            stack.extend(term.args)
    return sorted(terms, key=lambda t: t.number)


def evaluated(terms: Sequence[Bits], values: Mapping[str, int]) -> dict[int, int]:
    """The number of every one of `terms` (arguments first), by `Bits.number`.

    `values` holds numbers of the variables.
    """
    numbers: dict[int, int] = {}
    for term in terms:
        args = [numbers[a.number] for a in term.args]
        numbers[term.number] = number_of(term, args, values) & ((1 << term.width) - 1)
    return numbers


def number_of(term: Bits, args: Sequence[int], values: Mapping[str, int]) -> int:
    """What `term` gives of numbers for its arguments; not cut to its width."""
    match term.op:
        case "const":
            return term.integer
        case "var":
            return values[term.name]
        case "concat":
            total = 0
            for part, number in zip(term.args, args, strict=True):
                total = total << part.width | number
            return total
        case "slice":
            return args[0] >> term.ends[1]
        case "sext":
            return signed_of(args[0], term.args[0].width)
        case "ite":
            return args[1] if args[0] else args[2]
        case "and":
            return args[0] & args[1]
        case "or":
            return args[0] | args[1]
        case "xor":
            return args[0] ^ args[1]
        case "not":
            return ~args[0]
        case "neg":
            return -args[0]
        case "eq":
            return int(args[0] == args[1])
        case "redxor":
            return args[0].bit_count() & 1
    return operated(term.op, args[0], args[1], term.args[0].width)


def variables(roots: Sequence[Bits]) -> Iterator[Bits]:
    """The variables under `roots`."""
    return (term for term in ordered(roots) if term.op == "var")
