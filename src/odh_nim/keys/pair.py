"""The two Secrets of one key, as they were found: whose they are, and whether they agree."""

import json
from base64 import b64decode
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import InvalidKeyError, SecretConflictError, printable
from odh_nim.domain.manifest import Manifest, annotations, labels

_OPAQUE: Final = "Opaque"
_DOCKER_CONFIG: Final = "kubernetes.io/dockerconfigjson"
_COPY: Final = "looks like a copy of an administrator's key that an older product left here"


class PairKind(StrEnum):
    """What the two names hold."""

    ABSENT = "absent"
    OURS = "ours"
    # At least one Secret of our names is somebody else's.
    FOREIGN = "foreign"
    # One of the two is missing.
    INCOMPLETE = "incomplete"
    # Ours, but they do not hold one and the same key.
    DIFFERING = "differing"


@dataclass(frozen=True)
class ForeignSecret:
    """A Secret of our name that is not ours; `seems` says what it looks like.

    `is_copy` is the suspicion that an older product copied an administrator's key here.
    """

    name: str
    seems: str

    @property
    def is_copy(self) -> bool:
        """Whether it looks like a copy of an administrator's key."""
        return self.seems == _COPY

    def __str__(self) -> str:
        return f"Secret/{self.name} {self.seems}"


@dataclass(frozen=True)
class KeySecretsState:
    """What is stored, without the key itself.

    `holds_same_key` answers only where a key to compare with was given.
    """

    kind: PairKind
    namespace: str
    key_secret: str
    pull_secret: str
    foreign: tuple[ForeignSecret, ...] = ()
    revision: str | None = None
    checked_at: str | None = None
    expires: str | None = None
    since: str | None = None
    holds_same_key: bool | None = None
    missing: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether a deployment can refer to it as it is."""
        return self.kind is PairKind.OURS

    def refuse_foreign(self) -> None:
        """Stop where a Secret of our name is not ours.

        Raises:
            SecretConflictError: It says what the Secret seems to be, and what to do instead.

        """
        if self.foreign:
            seems = "; ".join(str(secret) for secret in self.foreign)
            raise SecretConflictError(
                f"Project {self.namespace} has a Secret of this name that is not odh-nim's: "
                f"{seems}. It is neither changed nor used.",
                remedy="Give the deployment its own key (`--deployment NAME` of `odh-nim keys "
                "set`), or migrate the project's old deployments first.",
            )


@dataclass(frozen=True)
class Pair:
    """The two Secrets with their data: never printed, never leaves this package."""

    namespace: str
    deployment: str | None
    key: Manifest | None = field(repr=False)
    pull: Manifest | None = field(repr=False)

    def state(self, compared_with: ApiKey | None = None) -> KeySecretsState:
        """Describe the pair without its data."""
        marks = annotations(self.key or self.pull or {})
        present = self.key or self.pull
        return KeySecretsState(
            kind=self._kind(),
            namespace=self.namespace,
            key_secret=names.key_secret(self.deployment),
            pull_secret=names.pull_secret(self.deployment),
            foreign=tuple(self._foreign()),
            revision=marks.get(names.KEY_REVISION),
            checked_at=marks.get(names.KEY_CHECKED_AT),
            expires=marks.get(names.KEY_EXPIRES),
            since=present["metadata"].get("creationTimestamp") if present else None,
            holds_same_key=self._holds(compared_with) if compared_with else None,
            missing=tuple(
                name
                for name, found in (
                    (names.key_secret(self.deployment), self.key),
                    (names.pull_secret(self.deployment), self.pull),
                )
                if found is None
            ),
        )

    def api_key(self) -> ApiKey | InvalidKeyError | None:
        """Give the stored key, or why it is none; None where the pair is not wholly ours."""
        if self._kind() is not PairKind.OURS or self.key is None:
            return None
        try:
            return ApiKey(_field(self.key, names.API_KEY_FIELD) or "")
        except InvalidKeyError as error:
            return error

    def first_key(self) -> ApiKey | None:
        """Give the key of the first Secret, whatever the second one holds."""
        values = {_field(self.key, name) for name in names.API_KEY_FIELDS} if self.key else set()
        if len(values) != 1:
            return None
        try:
            return ApiKey(values.pop() or "")
        except InvalidKeyError:
            return None

    def _values(self) -> set[str | None]:
        """Collect every place's key; None for a place that holds none."""
        values: set[str | None] = set()
        if self.key is not None:
            values |= {_field(self.key, name) for name in names.API_KEY_FIELDS}
        if self.pull is not None:
            values.add(registry_password(self.pull))
        return values

    def _holds(self, key: ApiKey) -> bool:
        return self._values() == {key.reveal()}

    def _foreign(self) -> list[ForeignSecret]:
        found: list[ForeignSecret] = []
        for secret, seems in ((self.key, _key_seems), (self.pull, _pull_seems)):
            if secret is not None and (description := seems(secret)):
                found.append(ForeignSecret(secret["metadata"]["name"], description))
        return found

    def _kind(self) -> PairKind:
        if self.key is None and self.pull is None:
            return PairKind.ABSENT
        if self._foreign():
            return PairKind.FOREIGN
        if self.key is None or self.pull is None:
            return PairKind.INCOMPLETE
        values = self._values()
        same_revision = revision(self.key) == revision(self.pull)
        agree = same_revision and len(values) == 1 and None not in values
        return PairKind.OURS if agree else PairKind.DIFFERING


def revision(secret: Manifest) -> str | None:
    """Read which writing of the key a Secret is from."""
    return annotations(secret).get(names.KEY_REVISION)


def registry_password(secret: Manifest) -> str | None:
    """Read the key of a pull Secret; None where it is not ours to read."""
    text = _field(secret, names.DOCKER_CONFIG_FIELD)
    try:
        login: Any = json.loads(text or "")["auths"][names.REGISTRY]
        user, password = login["username"], login["password"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return password if user == names.REGISTRY_USER and isinstance(password, str) else None


def _field(secret: Manifest, name: str) -> str | None:
    value = (secret.get("data") or {}).get(name)
    if not isinstance(value, str):
        return None
    try:
        return b64decode(value, validate=True).decode()
    except ValueError:
        return None


def _marked_as_ours(secret: Manifest) -> bool:
    found = labels(secret)
    return all(found.get(label) == value for label, value in names.SECRET_LABELS.items())


def _key_seems(secret: Manifest) -> str:
    """Say what a Secret under the key's name seems to be; empty where it is ours."""
    if secret.get("type", _OPAQUE) != _OPAQUE:
        return f"is of type {printable(str(secret['type']), 60)}, not {_OPAQUE}"
    fields = set(secret.get("data") or {})
    if not _marked_as_ours(secret):
        return _unmarked_key_seems(secret, fields)
    missing = [name for name in names.API_KEY_FIELDS if name not in fields]
    if missing:
        return f"carries odh-nim's labels, but lacks {' and '.join(missing)}"
    return ""


def _unmarked_key_seems(secret: Manifest, fields: set[str]) -> str:
    found = labels(secret)
    if manager := found.get(names.MANAGED_BY_LABEL):
        return f"is managed by {printable(manager, 60)}"
    if names.API_KEY_FIELD not in fields:
        return f"holds no {names.API_KEY_FIELD}"
    if found.get(names.MANAGED_LABEL) == "true" and fields >= set(names.API_KEY_FIELDS):
        return "looks like a key that the dashboard stored for this project"
    if names.MANAGED_LABEL not in found:
        return _COPY
    return f"holds only {names.API_KEY_FIELD}, as an older product wrote it"


def _pull_seems(secret: Manifest) -> str:
    """Say what a Secret under the pull Secret's name seems to be; empty where it is ours."""
    kind = str(secret.get("type", _OPAQUE))
    if kind != _DOCKER_CONFIG:
        return f"is of type {printable(kind, 60)}, not {_DOCKER_CONFIG}"
    if not _marked_as_ours(secret):
        manager = labels(secret).get(names.MANAGED_BY_LABEL)
        if manager:
            return f"is managed by {printable(manager, 60)}"
        return "looks like a pull secret that somebody made by hand"
    if registry_password(secret) is None:
        return f"carries odh-nim's labels, but no login for {names.REGISTRY}"
    return ""
