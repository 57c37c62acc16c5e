"""YAML that kubectl reads as it was meant, and reading of YAML as kubectl reads it.

PyYAML follows YAML 1.1, Kubernetes' parser a mixture of 1.1 and 1.2: `1e3`, `0o17`, `y`, `12:30` or
`2026-01-09` are text to one and a number, a boolean or a date to the other. So only text that no
parser can mistake is written without quotes, and on reading times and base-60 numbers stay text.
"""

import re
from collections.abc import Hashable, Iterable
from typing import Any, Final

import yaml

from odh_nim.domain.errors import InputError, printable
from odh_nim.domain.manifest import Manifest

_TEXT: Final = "tag:yaml.org,2002:str"
_WORD: Final = r"[A-Za-z/][A-Za-z0-9_./@+-]*(?::[A-Za-z0-9/][A-Za-z0-9_./@+-]*)*"
_PLAIN: Final = re.compile(rf"{_WORD}(?: {_WORD})*")
_RESERVED: Final = frozenset(
    ("y", "yes", "n", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity")
)
# Folding would put a line break, and with it a parser's opinion about spaces, into long texts.
_NO_FOLDING: Final = 2**30

_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*|0o?[0-7]+|0x[0-9a-fA-F]+|0b[01]+)$")
_NUMBER: Final = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|[-+]?\.(?:inf|Inf|INF)$"
    r"|\.(?:nan|NaN|NAN)$"
)
_BOOLEAN: Final = re.compile(
    r"(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$"
)
_NULL: Final = re.compile(r"(?:~|null|Null|NULL|)$")
_MERGE: Final = re.compile(r"<<$")
_DIGITS: Final = "-+0123456789."


class _Loader(yaml.CSafeLoader):
    """Refuses a key given twice: one of the two would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {printable(key.value, 60)!r} is given twice",
                        key.start_mark,
                    )  # fmt: skip
                seen.add(key.value)
        return super().construct_mapping(node, deep)


# None of PyYAML's own resolvers: they read dates and base-60 numbers.
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", _BOOLEAN, list("yYnNtTfFoO")),
    ("null", _NULL, ["~", "n", "N", ""]),
    ("merge", _MERGE, ["<"]),
    ("int", _INTEGER, list(_DIGITS)),
    ("float", _NUMBER, list(_DIGITS)),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _pattern, _first)


class _Dumper(yaml.CSafeDumper):
    """Writes block style, keys in the order given, no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(_TEXT, str(text), style=_style(text))


def _style(text: str) -> str | None:
    if "\n" in text:
        return "|" if _is_clean_block(text) else '"'
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return None
    return '"'


def _is_clean_block(text: str) -> bool:
    body = text.removesuffix("\n")
    return (
        body[:1].isprintable()
        and not body[:1].isspace()
        and all(not line or (line.isprintable() and line[-1] != " ") for line in body.split("\n"))
        and not body.endswith("\n")
    )


_Dumper.add_representer(str, _represent_text)
# Enumerations of text (Protocol, Strategy) are text in a manifest.
_Dumper.add_multi_representer(str, _represent_text)


def dump_yaml(data: Any) -> str:
    """Write one document."""
    return dump_all([data], explicit_start=False)


def dump_all(documents: Iterable[Any], *, explicit_start: bool | None = None) -> str:
    """Write documents; several are set apart by `---`."""
    items = list(documents)
    text = yaml.dump_all(
        items,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=_NO_FOLDING,
        explicit_start=len(items) > 1 if explicit_start is None else explicit_start,
    )
    return str(text)


def load_yaml(text: str) -> Any:
    """Read one document.

    Raises:
        InputError: It is no YAML, has several documents, or gives a key twice.

    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _no_yaml(error) from None


def load_all(text: str) -> list[Manifest]:
    """Read all documents, empty ones left out; each must be a mapping.

    Raises:
        InputError: It is no YAML, a document is no mapping, or a key is given twice.

    """
    try:
        documents = [
            document for document in yaml.load_all(text, Loader=_Loader) if document is not None
        ]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _no_yaml(error) from None
    for document in documents:
        if not isinstance(document, dict):
            raise InputError(f"A document of this YAML is a {type(document).__name__}, no mapping.")
    return documents


def _no_yaml(error: Exception) -> InputError:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}"
        return InputError(f"This is no usable YAML ({place}): {printable(error.problem or '')}.")
    # The text itself is not repeated: it may hold a Secret.
    return InputError("This is no usable YAML: a value cannot be read.")
