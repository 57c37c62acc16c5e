"""Where things stand in the file of a catalogue: each entry's key, text and lines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from odh_nim.domain.errors import printable

_LITERAL: Final = "|"


@dataclass(frozen=True)
class Entry:
    """One entry as it stands; `place` names the line of a line of its text (0 is the first)."""

    key: str
    text: object
    place: Callable[[int], str]


@dataclass(frozen=True)
class Doubled:
    """A key that a mapping gives twice."""

    key: str
    line: int


def entries_of_file(root: yaml.Node, source: str) -> list[Entry]:
    """Give the entries of the file that `root` was read from."""
    data = _member(root, "data")
    if not isinstance(data, yaml.MappingNode):
        return []
    return [
        Entry(str(key.value), _text(value), _places(source, key, value))
        for key, value in data.value
        if isinstance(key, yaml.ScalarNode)
    ]


def doubled_keys(node: yaml.Node) -> Iterator[Doubled]:
    """Find every key that is given twice, in the whole file."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from doubled_keys(item)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                yield Doubled(printable(key.value), key.start_mark.line + 1)
            seen.add(key.value)
        yield from doubled_keys(value)


def _member(node: yaml.Node, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    found = [value for key, value in node.value if getattr(key, "value", None) == name]
    return found[0] if found else None


def _text(value: yaml.Node) -> object:
    if isinstance(value, yaml.ScalarNode) and (value.style or value.tag == "tag:yaml.org,2002:str"):
        return value.value
    return None


def _places(source: str, key: yaml.Node, value: yaml.Node) -> Callable[[int], str]:
    # Only a literal block keeps the lines of its text; every other style stands on the key's line.
    literal = getattr(value, "style", None) == _LITERAL
    first = value.start_mark.line + 2 if literal else key.start_mark.line + 1
    return lambda line: f"{source}:{first + line if literal else first}"
