"""A deployment that is asked for, its plan, and how its making goes."""

from typing import Annotated, Literal, Self

from pydantic import Field, RootModel, StringConstraints, model_validator

from odh_nim.domain.protocol import Protocol
from odh_nim.web.schemas import (
    FindingOut,
    Name,
    ObjectName,
    ProblemOut,
    RequestId,
    SecretText,
    ShortText,
    Wire,
)

Quantity = Annotated[str, StringConstraints(min_length=1, max_length=40)]
VariableName = Annotated[str, StringConstraints(min_length=1, max_length=253)]
Value = Annotated[str, StringConstraints(max_length=16_384)]


class NewStorageIn(Wire):
    """A claim that the deployment makes; without a size, as the weights need."""

    kind: Literal["new"]
    size: Quantity | None = None
    storage_class: Name | None = None
    access_mode: Literal["ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"] = "ReadWriteOnce"


class ExistingStorageIn(Wire):
    """A claim that is there already, and the folder in it."""

    kind: Literal["existing"]
    claim: Name
    sub_path: ShortText | None = None


class KeyReferenceIn(Wire):
    """One field of a Secret or a ConfigMap."""

    name: Name
    key: Name
    optional: bool = False


class FieldReferenceIn(Wire):
    """A field of the pod."""

    field_path: Name


class ValueFromIn(Wire):
    """Where a variable's value comes from; exactly one of these."""

    secret_key_ref: KeyReferenceIn | None = None
    config_map_key_ref: KeyReferenceIn | None = None
    field_ref: FieldReferenceIn | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = (self.secret_key_ref, self.config_map_key_ref, self.field_ref)
        if sum(one is not None for one in given) != 1:
            raise ValueError("exactly one reference")
        return self


class EnvIn(Wire):
    """A variable of the container: a value, or a reference."""

    name: VariableName
    value: Value | None = None
    value_from: ValueFromIn | None = None

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        if self.value is not None and self.value_from is not None:
            raise ValueError("a value and a reference")
        return self


class TolerationIn(Wire):
    """A taint that a node may have."""

    key: ShortText | None = None
    operator: Literal["Exists", "Equal"] = "Exists"
    value: ShortText | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None


class ProfileIn(Wire):
    """A hardware profile; without a project it is looked for here, then with the admins'."""

    name: ObjectName
    project: ObjectName | None = None


class DeployIn(Wire):
    """A deployment to plan or to make; what is left out follows from the model.

    `model` is a key of the catalogue; `otherImage` is a full reference in its place. `ownKey` is
    a key for `key: "own"` that is to be stored, or the project's where it has none yet.
    """

    model: Name | None = None
    tag: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    other_image: Annotated[str, StringConstraints(min_length=1, max_length=512)] | None = None
    name: ObjectName | None = None
    display_name: ShortText = ""
    description: ShortText = ""
    key: Literal["project", "own", "none"] = "project"
    own_key: SecretText | None = None
    skip_pull_check: bool = False
    protocol: Protocol | None = None
    gpus: Annotated[int, Field(ge=0, le=1024)] | None = None
    cpu: Quantity | None = None
    memory: Quantity | None = None
    shm_size: Quantity | None = None
    hardware_profile: ProfileIn | None = None
    node_selector: dict[Name, ShortText] = Field(default_factory=dict, max_length=50)
    tolerations: Annotated[tuple[TolerationIn, ...], Field(max_length=50)] = ()
    run_as_user: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    replicas: Annotated[int, Field(ge=0, le=1000)] = 1
    storage: Annotated[NewStorageIn | ExistingStorageIn, Field(discriminator="kind")] = (
        NewStorageIn(kind="new")
    )
    env: Annotated[tuple[EnvIn, ...], Field(max_length=200)] = ()
    args: Annotated[tuple[ShortText, ...], Field(max_length=200)] = ()
    expose: bool = False
    ingress_host: Name | None = None
    ingress_class: Name | None = None
    route_timeout: Annotated[int, Field(ge=1, le=86_400)] | None = None
    auth: bool = False
    tokens: Annotated[tuple[ObjectName, ...], Field(max_length=20)] = ()
    strategy: Literal["auto", "RollingUpdate", "Recreate"] = "auto"
    pin: bool = False
    request_id: RequestId | None = None

    @model_validator(mode="after")
    def _one_image(self) -> Self:
        if (self.model is None) == (self.other_image is None):
            raise ValueError("a model or another image")
        return self


class PlannedObjectOut(Wire):
    """One object of a plan; `owned` goes with the deployment when that is deleted."""

    kind: str
    name: str
    action: Literal["create"]
    owned: bool


class EndpointOut(Wire):
    """An address as a client dials it; `note` says what to know before."""

    kind: Literal["internal", "external"]
    protocol: Protocol
    url: str
    note: str


class PlanOut(Wire):
    """What would be done, as YAML and as a command too; nothing secret is in either.

    `checked` says whether the API server was asked about every object.
    """

    request_id: str
    name: str
    image: str
    protocol: Protocol
    claim: str
    strategy: Literal["RollingUpdate", "Recreate"]
    strategy_reason: str
    checked: bool
    findings: list[FindingOut]
    objects: list[PlannedObjectOut]
    endpoints: list[EndpointOut]
    yaml: str
    command: str


class ObjectOut(Wire):
    """An object of the cluster."""

    kind: str
    name: str


class DeployedOut(Wire):
    """A deployment that was made."""

    name: str
    project: str
    request_id: str
    objects: list[ObjectOut]


class DeployStepOut(Wire):
    """One step is done."""

    type: Literal["object"]
    action: Literal["check", "create", "own", "take back"]
    kind: str
    name: str
    note: str


class DeployDoneOut(Wire):
    """It was made."""

    type: Literal["done"]
    deployment: DeployedOut


class FailedOut(Wire):
    """It was not done; the problem says what is left, if anything."""

    type: Literal["failed"]
    problem: ProblemOut


class DeployEventOut(
    RootModel[Annotated[DeployStepOut | DeployDoneOut | FailedOut, Field(discriminator="type")]]
):
    """One event of the stream; the last one is `done` or `failed`."""
