"""What goes over the wire, in camelCase. Answers hold what is listed here and nothing else.

No answer has a field for a key; requests that carry one take it as `SecretText`, which neither a
`repr` nor an error shows.
"""

from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from pydantic.alias_generators import to_camel

from odh_nim.domain.protocol import Protocol

# Grammars of Kubernetes. They are checked at the edge, so that no path can leave its project.
LABEL_NAME = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
OBJECT_NAME = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
REQUEST_ID = r"^[a-zA-Z0-9][-a-zA-Z0-9]{0,62}$"

SecretText = Annotated[SecretStr, Field(max_length=4096)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=253)]
ObjectName = Annotated[str, StringConstraints(pattern=OBJECT_NAME)]
ProjectName = Annotated[str, StringConstraints(pattern=LABEL_NAME)]
RequestId = Annotated[str, StringConstraints(pattern=REQUEST_ID)]
ShortText = Annotated[str, StringConstraints(max_length=1000)]


class Wire(BaseModel):
    """Base of everything on the wire: unknown fields of a request are an error."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", hide_input_in_errors=True
    )


@cache
def field_names() -> frozenset[str]:
    """Give every name that a fault of a request may be placed by; none is made up by a caller."""
    known = {"body", "query", "path", "header", "[key]"}
    waiting: list[type[Wire]] = [Wire]
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        known |= {field.alias or name for name, field in model.model_fields.items()}
        known |= set(model.model_fields)
    return frozenset(known)


class FindingOut(Wire):
    """One result of a check."""

    severity: Literal["error", "warning", "notice"]
    code: str
    subject: str
    message: str
    remedy: str


class ConfigurationOut(Wire):
    """What an admin configured, and where it stands."""

    applications_namespace: str | None
    source: str
    collect_keys: bool
    validate_keys: bool
    custom_config_map: str | None
    findings: list[FindingOut]


class FaultOut(Wire):
    """One place of a request that cannot be used; what stands there is not repeated."""

    loc: list[str]
    type: str
    msg: str


class ProblemOut(Wire):
    """An error, as RFC 9457 describes it; `type` is stable."""

    type: str
    title: str
    status: int
    detail: str
    remedy: str = ""
    findings: list[FindingOut] = []
    leftovers: list[FindingOut] = []
    errors: list[FaultOut] = []
    diff: str = ""


class SessionOut(Wire):
    """Who is logged in, and to what; `applicationsNamespace` is null where nothing is installed."""

    user: str
    mode: Literal["header", "local"]
    version: str
    cluster_version: str
    openshift: bool
    applications_namespace: str | None
    collect_keys: bool
    validate_keys: bool


class ProjectOut(Wire):
    """A project; `missing` are the rights that deploying there would need."""

    name: str
    display_name: str
    description: str
    can_deploy: bool
    missing: list[str]


class ProjectsOut(Wire):
    """The projects that the caller sees.

    `complete` is false where the caller may list none: then only those that were named are here.
    """

    items: list[ProjectOut]
    complete: bool


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
