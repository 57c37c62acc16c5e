"""What a person wants to be different about a deployment, and the specification after it; pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from odh_nim.domain.deployment_spec import DeploymentSpec, EnvVar, KeyChoice, Strategy
from odh_nim.domain.errors import printable
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.protocol import Protocol

_SHOWN: Final = 60


@dataclass(frozen=True)
class EditChange:
    """Only what is given changes; None leaves a thing as it is.

    `env` sets variables, `unset_env` takes them away; `args` replaces all arguments, an empty
    tuple takes them away.
    """

    tag: str | None = None
    gpus: int | None = None
    cpu: str | None = None
    memory: str | None = None
    replicas: int | None = None
    env: tuple[EnvVar, ...] = ()
    unset_env: tuple[str, ...] = ()
    args: tuple[str, ...] | None = None
    storage_size: str | None = None
    protocol: Protocol | None = None
    key: KeyChoice | None = None
    strategy: Strategy | None = None
    display_name: str | None = None
    description: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return self == EditChange()


def changed_spec(
    before: DeploymentSpec, change: EditChange
) -> tuple[DeploymentSpec, list[Finding]]:
    """Apply a change to a specification; say what of it makes no sense."""
    resources = replace(
        before.resources,
        cpu=_or(change.cpu, before.resources.cpu),
        memory=_or(change.memory, before.resources.memory),
        gpus=before.resources.gpus if change.gpus is None else change.gpus,
    )
    env, findings = _env(before.env, change)
    after = replace(
        before,
        resources=resources,
        tag=_or(change.tag, before.tag),
        replicas=before.replicas if change.replicas is None else change.replicas,
        env=env,
        args=before.args if change.args is None else change.args,
        protocol=change.protocol or before.protocol,
        key=change.key or before.key,
        strategy=change.strategy or before.strategy,
        display_name=_or(change.display_name, before.display_name),
        description=_or(change.description, before.description),
    )
    return after, findings


def _or(wanted: str | None, before: str) -> str:
    return before if wanted is None else wanted


def _env(before: Iterable[EnvVar], change: EditChange) -> tuple[tuple[EnvVar, ...], list[Finding]]:
    """Set variables in their place, add new ones at the end."""
    after = {variable.name: variable for variable in before}
    absent = [name for name in change.unset_env if after.pop(name, None) is None]
    for variable in change.env:
        after[variable.name] = variable
    return tuple(after.values()), [
        Finding(
            Severity.ERROR,
            "env-absent",
            "env",
            f"{printable(name, _SHOWN)} is not among the deployment's variables.",
        )
        for name in absent
    ]
