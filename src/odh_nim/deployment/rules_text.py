"""Environment, arguments and token names of a specification; pure."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from odh_nim.domain import names
from odh_nim.domain.api_key import PREFIX
from odh_nim.domain.deployment_spec import DeploymentSpec
from odh_nim.domain.errors import printable
from odh_nim.domain.finding import Finding, Severity

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_MAX_NAME: Final = 253
_SECRET_NAME: Final = re.compile(
    r"(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_?KEY)", re.IGNORECASE
)


def looks_secret(variable: str) -> bool:
    """Say whether the value of a variable of this name should not be shown."""
    return _SECRET_NAME.search(variable) is not None


def environment_findings(spec: DeploymentSpec) -> Iterator[Finding]:
    """Check the variables and arguments that a person adds; no value is ever repeated."""
    for variable in spec.env:
        yield from _variable(variable.name, variable.value or "")
    for name, count in Counter(variable.name for variable in spec.env).items():
        if count > 1:
            yield Finding(
                Severity.ERROR, "env-twice", "env", f"{printable(name, 60)} is given {count} times."
            )
    if any(PREFIX in argument for argument in spec.args):
        yield Finding(
            Severity.ERROR,
            "key-in-args",
            "args",
            "An argument holds an NGC API key; everybody who may see the pod could read it.",
            "Store the key with `odh-nim keys set` instead.",
        )


def _variable(name: str, value: str) -> Iterator[Finding]:
    if not _VARIABLE.fullmatch(name):
        yield Finding(
            Severity.ERROR,
            "env-name",
            "env",
            f"{printable(name, 60)!r} cannot be the name of a variable: letters, digits and "
            "underscores, no digit first.",
        )
    elif name in names.RESERVED_ENV:
        yield Finding(
            Severity.ERROR,
            "env-reserved",
            "env",
            f"{name} is set by the deployment itself.",
            "Store the key with `odh-nim keys set`." if name == names.API_KEY_FIELD else "",
        )
    elif PREFIX in value:
        yield Finding(
            Severity.ERROR,
            "key-in-env",
            "env",
            f"{name} holds an NGC API key; everybody who may see the pod could read it.",
            "Store the key with `odh-nim keys set` instead.",
        )
    elif value and looks_secret(name):
        yield Finding(
            Severity.WARNING,
            "env-secret",
            "env",
            f"{name} looks like a secret; as a plain value everybody who may see the pod can "
            "read it.",
            "Take it from a Secret (valueFrom).",
        )


def token_findings(spec: DeploymentSpec) -> Iterator[Finding]:
    """Check the names of access tokens."""
    if spec.tokens and not spec.auth:
        yield Finding(
            Severity.ERROR,
            "tokens-without-auth",
            "tokens",
            "Tokens are named, but the deployment lets everybody in.",
            "Add token access, or leave the tokens out.",
        )
    for token in spec.tokens:
        name = names.token_secret(token, spec.name)
        if not _TOKEN.fullmatch(token) or len(name) > _MAX_NAME:
            yield Finding(
                Severity.ERROR,
                "token-name",
                "tokens",
                f"{printable(token, 60)!r} cannot be the name of a token: lower case letters, "
                "digits and dashes.",
            )
    for token, count in Counter(spec.tokens).items():
        if count > 1:
            yield Finding(
                Severity.ERROR, "token-twice", "tokens", f"{printable(token, 60)} is given twice."
            )
