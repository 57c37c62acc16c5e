"""Changing a deployment on the wire: what can be changed, what a change would do."""

from typing import Annotated, Any, Literal

from pydantic import Field

from odh_nim.domain.protocol import Protocol
from odh_nim.web.schemas import FindingOut, ShortText, Wire
from odh_nim.web.schemas_deploy import EnvIn, ObjectOut, Quantity, VariableName


class EnvOut(Wire):
    """A variable as it is; `hidden` says that its value looks like a secret and is not shown."""

    name: str
    value: str | None
    value_from: dict[str, Any] | None
    hidden: bool


class SpecificationOut(Wire):
    """What can be changed of a deployment; `base` names this state of it.

    `tags` and `protocols` are what there is to choose from, as far as the catalogue knows.
    """

    name: str
    project: str
    display_name: str
    description: str
    model: str | None
    image: str
    tag: str
    tags: list[str]
    protocol: Protocol
    protocols: list[Protocol]
    gpus: int
    cpu: str
    memory: str
    replicas: int
    key: Literal["project", "own", "none"]
    strategy: Literal["RollingUpdate", "Recreate"]
    env: list[EnvOut]
    args: list[str]
    claim: str | None
    storage_size: str | None
    base: str


class ChangeIn(Wire):
    """A change: only what is given changes. `base` is the state that it was thought out for."""

    tag: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    gpus: Annotated[int, Field(ge=0, le=1024)] | None = None
    cpu: Quantity | None = None
    memory: Quantity | None = None
    replicas: Annotated[int, Field(ge=0, le=1000)] | None = None
    env: Annotated[tuple[EnvIn, ...], Field(max_length=200)] = ()
    unset_env: Annotated[tuple[VariableName, ...], Field(max_length=200)] = ()
    args: Annotated[tuple[ShortText, ...], Field(max_length=200)] | None = None
    storage_size: Quantity | None = None
    protocol: Protocol | None = None
    key: Literal["project", "own", "none"] | None = None
    strategy: Literal["RollingUpdate", "Recreate"] | None = None
    display_name: ShortText | None = None
    description: ShortText | None = None
    base: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None


class ChangePlanOut(Wire):
    """What a change would do; the difference shows no secrets."""

    base: str
    diff: str
    restarts: bool
    objects: list[ObjectOut]
    findings: list[FindingOut]
