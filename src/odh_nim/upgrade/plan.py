"""A clean-up as data: every object that was found, and what will happen to it, in order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from odh_nim.domain.finding import Finding
from odh_nim.domain.resources import ApiResource


class Action(StrEnum):
    """What happens to an object."""

    DELETE = "delete"
    PATCH = "patch"
    SAVE = "save first"
    # Named with a reason, never touched by this run.
    KEEP = "keep"
    REPORT = "report"
    # Only with the consent that the reason names.
    ASK = "ask"


class Step(IntEnum):
    """The safe order."""

    SCHEDULE = 1
    SAVE = 2
    ACCOUNTS = 3
    LEFTOVERS = 4
    PROJECTS = 5
    ADMIN_KEY = 6
    CLUSTER = 7
    RIGHTS = 8
    KIND = 9
    NOTHING = 10


class Role(StrEnum):
    """What an object is in the old integration; decides how it is proven and removed."""

    VALIDATOR = "validator of generation 1"
    CATALOG = "catalogue of an Account"
    CONFIGURATION = "configuration"
    MODEL_LIST = "choice of models"
    ACCOUNT = "account"
    CHILD = "child of an Account"
    LEFTOVER = "leftover with a fixed name"
    ENABLED_APPS = "list of enabled tiles"
    PROJECT_KEY = "key in a project"
    PROJECT_PULL = "pull secret in a project"
    ADMIN_KEY = "admin's key"
    CLUSTER = "switch of the old controller"
    RIGHTS = "rights for Accounts"
    WEBHOOK = "webhook entry for Accounts"
    KIND = "the kind Account"
    TILE = "tile of the dashboard"
    CLAIM = "claim that no model uses"


@dataclass(frozen=True)
class Subject:
    """One object of the cluster; `uid` makes every later step exact."""

    resource: ApiResource
    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.resource.kind}/{place}{self.name}"


@dataclass(frozen=True)
class Item:
    """One object: what it is, why we know, who uses it, what happens and why.

    `waits_for` names what must be gone first and will not be gone in this run; such an item is
    shown, and left alone. `account` is the uid of the Account that a child belongs to.
    """

    step: Step
    role: Role
    subject: Subject
    generation: str
    action: Action
    reason: str
    proof: str = ""
    users: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    account: str = ""

    @property
    def is_due(self) -> bool:
        """Whether a run changes it."""
        acts = self.action in (Action.DELETE, Action.PATCH, Action.SAVE)
        return acts and not self.waits_for


@dataclass(frozen=True)
class Facts:
    """What the cluster is: read, not guessed from version numbers."""

    applications_namespaces: tuple[str, ...] = ()
    controller: str = "absent"
    air_gapped: bool = False
    data_science_clusters: int = 0
    generations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """Everything that was found; `holes` says what could not be read, and then nothing is due."""

    facts: Facts
    items: tuple[Item, ...]
    holes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=())

    @property
    def complete(self) -> bool:
        """Whether everything could be seen."""
        return not self.holes

    def due(self) -> Iterator[Item]:
        """Give what a run changes, in order; nothing at all where something was not seen."""
        if self.complete:
            yield from (item for item in self.items if item.is_due)

    @property
    def waiting(self) -> tuple[Item, ...]:
        """What must wait for others."""
        return tuple(item for item in self.items if item.waits_for)
