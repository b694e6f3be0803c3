"""What `python_mutants.py` does to a line of Python: one small change that a test should see."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
}  # fmt: skip
SYMMETRIC = {"max", "min", "maximum", "minimum", "gcd", "array_equal", "multiply", "add", "zip"}


def change(  # noqa: PLR0911, PLR0912 -- one flat match
    node: ast.AST, choice: random.Random
) -> tuple[str, str] | None:
    """A kind and a text that could stand for `node`; None where there is nothing to change."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=others):
            other = choice.choice(COMPARISONS[type(op)])
            return "comparison", f"({ast.unparse(ast.Compare(left, [other()], others))})"
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            if is_joined(left) or is_joined(right):
                return None
            changed = ast.BinOp(left, ARITHMETIC[type(op)](), right)
            return "arithmetic", f"({ast.unparse(changed)})"
        case ast.Constant(value=bool(value)):
            return "truth", str(not value)
        case ast.Constant(value=int(value) | float(value)):
            return "constant", f"({value + choice.choice((-1, 1))!r})"
        case ast.BoolOp(op=op, values=values):
            other_op = ast.Or() if isinstance(op, ast.And) else ast.And()
            return "boolean", f"({ast.unparse(ast.BoolOp(other_op, values))})"
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert(), operand=operand):
            if not isinstance(operand, ast.Constant):
                return "sign", f"({ast.unparse(operand)})"
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return "condition", f"({ast.unparse(ast.IfExp(test, orelse, body))})"
        case ast.Expr(value=ast.Call(func=func)) if ast.unparse(func) != "say":
            return "removed call", "pass"
        case ast.Return(value=ast.expr() as value):
            if isinstance(value, ast.Constant) and value.value is None:
                return None
            wrong = f"not ({ast.unparse(value)})" if isinstance(value, ast.Compare) else "None"
            return "returned value", f"return {wrong}"
        case ast.Call(func=func, args=[first, second, *rest], keywords=keywords):
            name = ast.unparse(func).rpartition(".")[2]
            stars = any(isinstance(arg, ast.Starred) for arg in (first, second))
            if name not in SYMMETRIC and not stars and ast.dump(first) != ast.dump(second):
                return "swapped arguments", ast.unparse(
                    ast.Call(func, [second, first, *rest], keywords)
                )
    return None


def is_joined(side: ast.expr) -> bool:
    """Whether it is text or a list, which ``+`` joins and does not add."""
    text = isinstance(side, ast.Constant) and not isinstance(side.value, int | float)
    return text or isinstance(side, ast.JoinedStr | ast.List | ast.Tuple)


def worth_changing(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below `node` that decide something, and not only what a message says."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "type_comment", "pattern"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST):
                continue
            if isinstance(child, ast.Raise | ast.Assert | ast.JoinedStr | ast.Import):
                continue
            if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                continue
            yield child
            yield from worth_changing(child)
