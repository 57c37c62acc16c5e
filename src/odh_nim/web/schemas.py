"""What goes over the wire, in camelCase. Answers hold what is listed here and nothing else.

No answer has a field for a key; requests that carry one take it as `SecretText`, which neither a
`repr` nor an error shows.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from pydantic.alias_generators import to_camel

from odh_nim.domain.protocol import Protocol

SecretText = Annotated[SecretStr, Field(max_length=4096)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=253)]
ShortText = Annotated[str, StringConstraints(max_length=1000)]


class Wire(BaseModel):
    """Base of everything on the wire: unknown fields of a request are an error."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", hide_input_in_errors=True
    )


class FindingOut(Wire):
    """One result of a check."""

    severity: Literal["error", "warning", "notice"]
    code: str
    subject: str
    message: str
    remedy: str


class ConfigurationOut(Wire):
    """What an admin configured, and where it stands."""

    applications_namespace: str
    source: str
    collect_keys: bool
    validate_keys: bool
    custom_config_map: str | None
    findings: list[FindingOut]


class SessionOut(Wire):
    """Who is logged in, and to what."""

    user: str
    mode: Literal["header", "local"]
    version: str
    open_shift: bool


class ProjectOut(Wire):
    """A project; `missing` are the rights that deploying there would need."""

    name: str
    display_name: str
    description: str
    can_deploy: bool
    missing: list[str]


class ProjectsOut(Wire):
    """The projects that the caller sees."""

    items: list[ProjectOut]


class GpuOut(Wire):
    """What GPUs a model needs, as far as NVIDIA says."""

    required: bool
    counts: list[int]
    products: list[str]
    memory_gib: int | None


class ModelOut(Wire):
    """One model; `image` is its reference without the tag."""

    key: str
    name: str
    team: str
    repository: str
    image: str
    display_name: str
    short_description: str
    publisher: str
    tags: list[str]
    latest_tag: str | None
    default_tag: str | None
    updated_date: str
    eu_restricted: bool
    family: str
    family_title: str
    protocols: list[Protocol]
    protocol_reason: str
    architectures: list[str]
    multinode: bool
    size_bytes: int | None
    weights_bytes: int | None
    gpu: GpuOut | None
    key_required: bool
    proposed_name: str
    proposed_storage: str


class BrokenEntryOut(Wire):
    """An entry of the catalogue that cannot be used."""

    key: str
    reason: str


class ModelsOut(Wire):
    """The catalogue in use."""

    source: str
    revision: str | None
    date: str | None
    edited: bool
    findings: list[FindingOut]
    broken: list[BrokenEntryOut]
    items: list[ModelOut]


class ForeignSecretOut(Wire):
    """A Secret of our name that is not ours, and what it seems to be."""

    name: str
    seems: str


class KeyOut(Wire):
    """What is stored for a project or a deployment; never the key."""

    project: str
    deployment: str | None
    kind: Literal["absent", "ours", "foreign", "incomplete", "differing"]
    key_secret: str
    pull_secret: str
    since: str | None
    checked_at: str | None
    expires: str | None
    foreign: list[ForeignSecretOut]
    missing: list[str]


class KeyCheckIn(Wire):
    """A key to ask NVIDIA about, and the images it shall pull."""

    key: SecretText
    images: Annotated[list[Name], Field(max_length=20)] = []


class KeyCheckOut(Wire):
    """The answer about a key; `pulls` are what stands in the way of pulling."""

    state: Literal["valid", "refused", "legacy", "invalid", "could-not-ask", "not-checked"]
    notice: str | None
    message: str
    remedy: str
    notices: list[FindingOut]
    pulls: list[FindingOut]


class KeyIn(Wire):
    """A key to store; `replace` allows to replace another one."""

    key: SecretText
    replace: bool = False
    skip_check: bool = False
    expires: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    deployment: Name | None = None
