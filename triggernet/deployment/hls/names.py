"""Names of the generated C++: readable, legal, and each used once."""

from __future__ import annotations

import errno
import re

from triggernet.deployment.hls.calls import WITH_KERNEL, kernel_call
from triggernet.deployment.project.cpp_words import CPP_WORDS
from triggernet.errors import UnsupportedError
from triggernet.program.types import Program

_OTHERS = "std nnet triggernet main input result inputs outputs event codes"
_MACROS = (
    "BIAS BUFSIZ CSIGNAL EOF INFINITY INLINE MAXFLOAT NAN NFDBITS NULL SNAN SNANF SNANL alloca "
    "ap_bigint ap_biguint assert errno offsetof sched_priority stderr stdin stdout strdupa strndupa"
)
RESERVED = CPP_WORDS | frozenset(f"{_OTHERS} {_MACROS}".split()) | set(errno.errorcode.values())
# What hls4ml calls its own (the inputs' types are input_t, input2_t, ..., the output's result_t),
# and macros of ap_types and of the C library.
_PATTERN = re.compile(r"input\d*|layer\d+(_\w+)?|linear_\w+|[A-Z][A-Z0-9]*_[A-Z0-9_]+|[LMP]_\w+")


def variable_names(program: Program, top: str) -> dict[str, str]:
    """A C++ variable for every tensor: the tensor's name where it can be.

    Parameters
    ----------
    program : Program
    top : str
        Name of the top function.

    Raises
    ------
    UnsupportedError
        If an input's name, which hls4ml takes as it is, is no name in C++.
    """
    constants = _constants(program)
    taken = {top}
    names = {}
    for tensor in program.inputs:
        if not _is_free(tensor, taken, constants) or not re.fullmatch(r"[A-Za-z]\w*", tensor):
            raise UnsupportedError(
                f"input '{tensor}' of program '{program.name}' cannot be a name in C++ (reserved "
                "or taken); use letters, digits and underscores, a letter first"
            )
        names[tensor] = tensor
        taken |= derived_names(tensor, constants)
    for tensor in program.tensors:
        if tensor not in names:
            names[tensor] = _free_name(tensor, taken, constants)
            taken |= derived_names(names[tensor], constants)
    return names


def is_reserved(name: str) -> bool:
    """Whether no variable of the C++ may have a name."""
    return name in RESERVED or bool(_PATTERN.fullmatch(name))


def _constants(program: Program) -> frozenset[str]:
    """What the kernels of a program call their constants."""
    calls = (
        kernel_call(node, program.inputs_of(node), 1)
        for node in program.nodes
        if node.op in WITH_KERNEL
    )
    return frozenset(constants.name for call in calls for constants in call.constants)


def derived_names(variable: str, constants: frozenset[str]) -> set[str]:
    """Every name of the C++ that comes with a variable."""
    names = {variable, f"config_{variable}", *(f"{c}_{variable}" for c in constants)}
    return names | {f"{name}_t" for name in names}


def _free_name(tensor: str, taken: set[str], constants: frozenset[str]) -> str:
    base = re.sub(r"\W", "_", tensor)
    # Only capitals, and a number behind them: a macro may have such a name.
    plain = base[:1].isalpha() and not base.isupper() and not _PATTERN.fullmatch(base)
    base = base if plain else f"v{base}"
    name, number = base, 2
    while not _is_free(name, taken, constants):
        name, number = f"{base}_{number}", number + 1
    return name


def _is_free(name: str, taken: set[str], constants: frozenset[str]) -> bool:
    return not is_reserved(name) and not derived_names(name, constants) & taken
