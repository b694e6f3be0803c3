"""YAML with the scalars of version 1.2, without what only programs write: tags and aliases."""

from __future__ import annotations

import re
from typing import Any

import yaml

from triggernet.documents import DEEPEST, MOST_DIGITS, TOO_DEEP, refuse_odd
from triggernet.errors import ConfigError, in_one_line

MOST_CHARACTERS = 1 << 20  # a run's configuration takes 2 kB


def parse_yaml(text: str, where: str) -> Any:
    """The content of a YAML text that comes from `where`.

    Raises
    ------
    ConfigError
        In one line, with the number of the line in the text: if it is no YAML, holds a key twice,
        a tag, an alias, or more levels or digits than any configuration.
    """
    if len(text) > MOST_CHARACTERS:
        raise ConfigError(
            f"{where} holds {len(text)} characters; a configuration has at most {MOST_CHARACTERS}"
        )
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - derived from SafeLoader
        refuse_odd(content)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = in_one_line(str(error.problem))
        raise ConfigError(f"{where}{line}: not valid YAML: {problem}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{where}: not valid YAML: {in_one_line(error)}") from error
    return content


def write_yaml(content: Any) -> str:
    """Plain values as YAML text that `parse_yaml` reads back to equal ones."""
    return yaml.dump(
        content,
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=None,
        allow_unicode=True,
        width=100,
    )


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """By first character, which plain scalars are no text: YAML 1.2 core schema, section 10.3.2."""
    number = r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?"
    table: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for name, pattern, first in (
        ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
        ("int", r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+|0b[01]+", "-+0123456789"),
        ("float", number + r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+.0123456789"),
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ):
        for char in first:
            entry = (f"tag:yaml.org,2002:{name}", re.compile(rf"^(?:{pattern})$"))
            table.setdefault(char, []).append(entry)
    return table


class _Loader(yaml.SafeLoader):
    """YAML with the scalars of version 1.2: 1e-3 is a number, `no` is a text."""

    yaml_implicit_resolvers = _resolvers()  # replaces the table of YAML 1.1

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """One value; refused before it is composed, since an alias may contain itself."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            _refuse("an alias (*name) is not supported; write the value out", event.start_mark)
        if getattr(event, "tag", None) is not None:
            _refuse(f"the tag {event.tag} is not supported; leave it out", event.start_mark)
        if self._depth > DEEPEST:
            _refuse(TOO_DEEP, event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            keys = [str(key.value) for key, _ in node.value]
            doubled = next((key for key in keys if keys.count(key) > 1), keys[-1])
            _refuse(f"the key {doubled!r} is given twice", node.start_mark)
        return mapping

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        if len(node.value) > MOST_DIGITS:
            _refuse(
                f"a number of {len(node.value)} digits; allowed are {MOST_DIGITS}", node.start_mark
            )
        return super().construct_yaml_int(node)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def _refuse(problem: str, mark: Any) -> None:
    raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


class _Dumper(yaml.SafeDumper):
    """Writes what `_Loader` reads: quotes every text that it would take for something else."""

    yaml_implicit_resolvers = _resolvers()

    def ignore_aliases(self, data: Any) -> bool:
        """Write a list that occurs twice in full each time."""
        del data
        return True

    def represent_mapping(
        self, tag: str, mapping: Any, flow_style: bool | None = None
    ) -> yaml.MappingNode:
        """One key a line, also in the innermost mapping; lists of scalars stay on one line."""
        del flow_style
        return super().represent_mapping(tag, mapping, flow_style=False)
