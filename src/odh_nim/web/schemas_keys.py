"""Keys on the wire: only ever inwards."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from odh_nim.web.schemas import FindingOut, Name, ObjectName, SecretText, Wire

Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class ForeignSecretOut(Wire):
    """A Secret of our name that is not ours, and what it seems to be."""

    name: str
    seems: str


class KeyUserOut(Wire):
    """A deployment that uses a key."""

    name: str
    display_name: str
    stopped: bool


class KeyOut(Wire):
    """What is stored for a project or a deployment; never the key.

    `missing` are the rights that changing it would need.
    """

    project: str
    deployment: str | None
    kind: Literal["absent", "ours", "foreign", "incomplete", "differing"]
    agree: bool
    key_secret: str
    pull_secret: str
    since: str | None
    checked_at: str | None
    expires: str | None
    revision: str | None
    foreign: list[ForeignSecretOut]
    users: list[KeyUserOut]
    can_change: bool
    missing: list[str]


class KeyCheckIn(Wire):
    """A key to ask NVIDIA about, and the images it shall pull."""

    key: SecretText
    images: Annotated[tuple[Name, ...], Field(max_length=20)] = ()


class KeyCheckOut(Wire):
    """The answer about a key; `pulls` are what stands in the way of pulling.

    `notice` says what was cut off what was pasted.
    """

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
    expires: Day | None = None
    deployment: ObjectName | None = None


class KeyStoredOut(Wire):
    """What storing did, and what is stored now."""

    change: Literal["created", "replaced", "repaired", "unchanged"]
    notices: list[FindingOut]
    key: KeyOut


class KeyRemovedOut(Wire):
    """The Secrets that are gone, and what will fail without them."""

    removed: list[str]
    findings: list[FindingOut]
