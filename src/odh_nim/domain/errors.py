"""Every error that odh-nim expects, and the exit code of its class.

OdhNimError                      1
├── InputError                   2   what was typed or pasted cannot be used
│   ├── InvalidNameError
│   ├── InvalidKeyError
│   │   └── LegacyKeyError
│   └── InvalidQuantityError
├── UnknownModelError            3   no such model, tag or deployment
├── ClusterError                     an answer of the API server, or none
│   ├── NotFoundError            3
│   │   └── KindNotServedError   3   the cluster does not know this type at all
│   ├── UnauthorizedError        4
│   ├── ForbiddenError           4
│   │   ├── QuotaExceededError   7
│   │   └── NamespaceTerminatingError  7
│   ├── AlreadyExistsError       5
│   ├── ConflictError            5
│   ├── ExpiredError             6   410: a continue token or resourceVersion is too old
│   ├── RejectedError            7   invalid, immutable, or denied by a webhook
│   ├── BusyError                6   429, 503: come back later
│   ├── ServerError              6   500, 502, 504
│   └── UnreachableError         6   no connection; nothing was sent
│       └── UnclearReplyError    6   sent, but the reply was lost: the write may be stored
├── KubeconfigError              2   no usable connection data
├── NgcError                         an answer of NVIDIA's API, or none
│   ├── KeyRefusedError          7
│   ├── PullRefusedError         7   the key may not pull this image
│   ├── NgcAnswerError           6   it answered what cannot be used
│   ├── ModelUnreadError         6   one model could not be read, so no catalogue is made
│   └── NgcUnavailableError      6   could not ask: neither accepted nor refused
├── RegistryError                4   an answer of a container registry, or none
│   ├── RegistryRefusedError     4   401, 402, 403, 451
│   ├── RegistryMissingError     4   404: no such repository, tag or blob
│   └── RegistryUnreachableError 4   no connection, or no end of faults
├── AirGapError                      the bits of the air gap: 2 plan, 4 source, 8 destination,
│   │                                16 integrity, 32 some images went through
│   ├── MirrorPlanError          2
│   ├── UnusableManifestError    2   an image that cannot be mirrored
│   ├── DiskSpaceError           2
│   ├── DiskError                8   a file cannot be written: full, read-only, no right
│   ├── PreloadFailedError       8   weights are not complete; the claim is not marked
│   ├── DigestError              16  bytes are not what their digest says
│   ├── BundleError              16  a bundle or a volume is damaged or incomplete
│   ├── TransferError            sum of what failed
│   └── TransferStoppedError     130
├── CatalogError                 3   no usable catalogue
│   └── CatalogRefusedError      7   what was read must not ship: too few models, too large
├── OutputError                  1   a file could not be written; the old one is as it was
├── ConfigurationError           2
├── KeyMissingError              3   a deployment needs a key, and there is none
├── SecretConflictError          5   a Secret of our name is not ours
├── KeyInUseError                5   deployments refer to the key that shall go
├── KeyNotStoredError            as its cause; 9 where a Secret is left half-way
├── RotationUnfinishedError      9   the new key is stored, not all deployments run with it
├── RotationTakenBackError       8   a new pod failed with the new key; the old key is back
├── EditConflictError            5   a deployment changed while it was being edited
├── EditFailedError              8   the edit is taken back (9: something stays)
├── PreflightError               7   findings that stop a plan
├── DeployFailedError            8   all taken back (9: something stays)
├── DeleteFailedError            9
├── UpgradeIncompleteError       7   something could not be listed, so nothing was touched
├── UpgradeUnfinishedError       9   some steps failed, or wait for somebody else
├── MigrationFailedError         8   old references are back (9: something stays)
├── NotReadyError                11  deployed, but it does not serve: failed, or not in time
└── SandboxError                10
"""

from collections.abc import Sequence
from typing import ClassVar

from odh_nim.domain.finding import Finding


class OdhNimError(Exception):
    """The root of all errors that odh-nim reports in one line instead of a traceback.

    `remedy` is what the reader can do next.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


# ── Input ───────────────────────────────────────────────────────────────────────────────────────
class InputError(OdhNimError):
    """What was typed or pasted cannot be used; nothing was sent anywhere."""

    exit_code = 2


class InvalidNameError(InputError):
    """A name breaks a rule of Kubernetes, KServe or OpenShift."""

    def __init__(self, name: str, rule: str, *, remedy: str = "", of: str = "name") -> None:
        super().__init__(f"{printable(name)!r} cannot be the {of}: {rule}.", remedy=remedy)


class InvalidQuantityError(InputError):
    """A size or an amount is no Kubernetes quantity."""

    def __init__(self, text: str, wanted: str) -> None:
        super().__init__(
            f"{printable(text)!r} is no {wanted}.",
            remedy="Write a number with a unit, for example 500m, 2, 8Gi.",
        )


class InvalidKeyError(InputError):
    """A pasted text cannot be an NGC API key. The text is never repeated."""

    def __init__(self, reason: str, *, remedy: str = "") -> None:
        super().__init__(
            f"This is no NGC API key: {reason}.",
            remedy=remedy or "Copy a personal key (it starts with nvapi-) once more and paste it.",
        )


class LegacyKeyError(InvalidKeyError):
    """An organisation key of the old kind, which NVIDIA's key check does not know."""

    def __init__(self) -> None:
        super().__init__(
            "it looks like a legacy organisation key, which is not supported",
            remedy="Make a personal key at https://org.ngc.nvidia.com/setup/personal-keys "
            "(service NGC Catalog); it starts with nvapi-.",
        )


class ConfigurationError(InputError):
    """A setting or the cluster's configuration of odh-nim cannot be used."""


class KubeconfigError(InputError):
    """The kubeconfig gives no usable connection."""


class UnknownModelError(OdhNimError):
    """No such model, tag or deployment."""

    exit_code = 3


class CatalogError(OdhNimError):
    """There is no usable catalogue."""

    exit_code = 3


class CatalogRefusedError(CatalogError):
    """A catalogue was made that must not ship; the old file is as it was."""

    exit_code = 7


class OutputError(OdhNimError):
    """A file could not be written; what was there before is there as it was."""

    exit_code = 1

    def __init__(self, path: object, cause: OSError) -> None:
        reason = cause.strerror or type(cause).__name__
        super().__init__(
            f"{printable(str(path), 300)} cannot be written: {reason}; what was there is unchanged."
        )


# ── The API server ──────────────────────────────────────────────────────────────────────────────
class ClusterError(OdhNimError):
    """The API server said no, said something unexpected, or said nothing.

    `operation` is what was tried, as `create Secret/name in project`; `status` is the HTTP status,
    0 where there was none; `cause` is the server's own sentence, cleaned.
    """

    def __init__(self, operation: str, cause: str, *, status: int = 0, remedy: str = "") -> None:
        super().__init__(f"Could not {operation}: {cause}", remedy=remedy)
        self.operation = operation
        self.cause = cause
        self.status = status


class NotFoundError(ClusterError):
    """404: no such object."""

    exit_code = 3


class KindNotServedError(NotFoundError):
    """404 for the type itself: this cluster does not have it, so its feature is off."""


class UnauthorizedError(ClusterError):
    """401: the token is missing, wrong or has expired."""

    exit_code = 4


class ForbiddenError(ClusterError):
    """403 by RBAC, or by an admission plugin that has no class of its own."""

    exit_code = 4


class QuotaExceededError(ForbiddenError):
    """403: a ResourceQuota of the project is used up."""

    exit_code = 7


class NamespaceTerminatingError(ForbiddenError):
    """403: the project is being deleted, nothing can be created in it any more."""

    exit_code = 7


class AlreadyExistsError(ClusterError):
    """409: an object of this name is there."""

    exit_code = 5


class ConflictError(ClusterError):
    """409: the object changed meanwhile, a precondition failed, or another manager owns a field."""

    exit_code = 5


class ExpiredError(ClusterError):
    """410: a continue token or a resourceVersion is too old; list again."""

    exit_code = 6


class RejectedError(ClusterError):
    """400, 422 or a webhook's denial: the same request will never pass."""

    exit_code = 7


class BusyError(ClusterError):
    """429 or 503 that lasted longer than the deadline."""

    exit_code = 6


class ServerError(ClusterError):
    """500, 502, 504, or a webhook that did not answer. A write may or may not be stored."""

    exit_code = 6


class UnreachableError(ClusterError):
    """No connection: nothing was sent."""

    exit_code = 6


class UnclearReplyError(UnreachableError):
    """Sent, but the reply was lost or cut: a write may be stored. Ask before trying again."""


# ── NVIDIA ──────────────────────────────────────────────────────────────────────────────────────
class NgcError(OdhNimError):
    """NVIDIA's API or registry said no, or could not be asked."""


class KeyRefusedError(NgcError):
    """NVIDIA knows the key not, or no longer."""

    exit_code = 7

    def __init__(self) -> None:
        super().__init__(
            "NVIDIA refused the key: it is wrong, expired or revoked.",
            remedy="Make a personal key at https://org.ngc.nvidia.com/setup/personal-keys and try "
            "again; nothing was stored.",
        )


class PullRefusedError(NgcError):
    """The key is good, but not for this image."""

    exit_code = 7


class NgcUnavailableError(NgcError):
    """NVIDIA could not be asked: the key is neither accepted nor refused."""

    exit_code = 6

    def __init__(self, host: str, cause: str) -> None:
        super().__init__(
            f"Could not ask NVIDIA ({host}): {cause}. The key is neither accepted nor refused.",
            remedy="Try again; behind a proxy set HTTPS_PROXY; a disconnected cluster sets "
            "disableKeyValidation.",
        )
        self.host = host
        self.cause = cause


class NgcAnswerError(NgcError):
    """NVIDIA answered, but not with what this call must give; nothing is built on it."""

    exit_code = 6

    def __init__(self, asked: str, cause: str) -> None:
        super().__init__(
            f"NVIDIA's answer to {asked} cannot be used: {cause}.", remedy="Try again later."
        )


class ModelUnreadError(NgcError):
    """One model could not be read: a catalogue without it would be a wrong one."""

    exit_code = 6

    def __init__(self, repository: str, cause: NgcError) -> None:
        reason = cause.cause if isinstance(cause, NgcUnavailableError) else cause.message
        super().__init__(
            f"{printable(repository)} could not be read: {reason.rstrip('.')}.",
            remedy="Nothing was written; try again later.",
        )


# ── Container registries ────────────────────────────────────────────────────────────────────────
class RegistryError(OdhNimError):
    """A container registry said no, said something unexpected, or said nothing.

    `operation` is what was tried, as `read the blob sha256:… of nim/meta/llama`; `status` is the
    HTTP status, 0 where there was none; `code` is the registry's own word (`MANIFEST_UNKNOWN`).
    """

    exit_code = 4

    def __init__(
        self, host: str, operation: str, cause: str, *, status: int = 0, code: str = ""
    ) -> None:
        super().__init__(f"{host}: could not {operation}: {cause}.")
        self.host = host
        self.operation = operation
        self.cause = cause
        self.status = status
        self.code = code


class RegistryRefusedError(RegistryError):
    """401, 402, 403 or 451: no login, no right, no licence, or not in this region."""


class RegistryMissingError(RegistryError):
    """404: no such repository, tag, manifest or blob."""


class RegistryUnreachableError(RegistryError):
    """No connection, or faults that lasted longer than the patience with them."""


# ── Air gap ─────────────────────────────────────────────────────────────────────────────────────
class AirGapError(OdhNimError):
    """A step of the air gap failed; exit codes are bits, added where several things failed."""

    exit_code = 2


class MirrorPlanError(AirGapError):
    """The list of models or the plan cannot be used; all problems are named at once."""

    exit_code = 2

    def __init__(self, subject: str, problems: Sequence[str], *, remedy: str = "") -> None:
        lines = [f"{subject} cannot be used; nothing was downloaded."]
        lines += [f"  {problem}" for problem in problems]
        super().__init__("\n".join(lines), remedy=remedy)
        self.problems = tuple(problems)


class UnusableManifestError(AirGapError):
    """A manifest is broken, or of a kind that cannot be mirrored."""


class PreloadFailedError(AirGapError):
    """The weights are not complete; the claim is not marked. A second run goes on."""

    exit_code = 8


class DiskSpaceError(AirGapError):
    """The disk has not the room that the plan needs; nothing was downloaded."""

    exit_code = 2

    def __init__(self, folder: str, needed: int, free: int) -> None:
        super().__init__(
            f"{folder} has {free:,} bytes free, {needed:,} are needed; nothing was downloaded.",
            remedy="Choose another folder, or shorten the list of models.",
        )


class DiskError(AirGapError):
    """A file or folder cannot be written; what is there already stays."""

    exit_code = 8

    def __init__(self, path: str, cause: str) -> None:
        super().__init__(
            f"{path} cannot be written: {cause}.",
            remedy="Make room or choose another folder, and run the same command again.",
        )


class DigestError(AirGapError):
    """Bytes are not what their digest says; they were not stored."""

    exit_code = 16

    def __init__(self, digest: str, place: str, got: str) -> None:
        super().__init__(f"{digest} from {place} is damaged: its bytes give {got}.")
        self.digest = digest
        self.place = place


class BundleError(AirGapError):
    """A bundle or one of its volumes is damaged, incomplete or none."""

    exit_code = 16


class TransferError(AirGapError):
    """Some images did not go through; `exit_code` is the sum of the bits of what failed."""

    def __init__(self, message: str, *, bits: int, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self._bits = bits

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # what failed decides
        """The sum of the bits."""
        return self._bits


class TransferStoppedError(AirGapError):
    """Stopped by Ctrl-C or SIGTERM; the next run goes on from here."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("Stopped.", remedy="Run the same command again to go on.")


# ── Features ────────────────────────────────────────────────────────────────────────────────────
class KeyMissingError(OdhNimError):
    """There is no key here, and one is needed."""

    exit_code = 3


class SecretConflictError(OdhNimError):
    """A Secret of our name is there and is not ours; it is neither changed nor used."""

    exit_code = 5


class KeyInUseError(OdhNimError):
    """Deployments refer to the key that shall be removed, stopped ones included."""

    exit_code = 5

    def __init__(self, namespace: str, users: Sequence[str]) -> None:
        super().__init__(
            f"The key in {namespace} is not removed: {', '.join(users)} refer to it.",
            remedy="Delete them or give them another key first; --force removes it all the same.",
        )
        self.users = tuple(users)


class KeyNotStoredError(OdhNimError):
    """The two Secrets of a key could not be written together; what was written is taken back.

    `leftovers` names the Secrets that could not be brought back to what they were.
    """

    def __init__(
        self,
        namespace: str,
        cause: OdhNimError,
        leftovers: Sequence[str] = (),
        *,
        repair: str = "keys set",
    ) -> None:
        after = "Nothing is changed."
        if leftovers:
            after = (
                f"These could not be brought back and may hold the new key: {', '.join(leftovers)}."
            )
        super().__init__(
            f"The key of project {namespace} is not stored. {cause} {after}",
            remedy=f"Run `odh-nim {repair}`: it makes both Secrets agree." if leftovers else "",
        )
        self.cause = cause
        self.leftovers = tuple(leftovers)

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # the cause's class decides
        """The code of the cause, or 9 where something is left."""
        return 9 if self.leftovers else self.cause.exit_code


class RotationUnfinishedError(OdhNimError):
    """The new key is stored, but some deployments do not run with it yet; `left` names them."""

    exit_code = 9

    def __init__(self, whose: str, left: Sequence[str], *, remedy: str = "") -> None:
        lines = [f"The new key of {whose} is stored, but not in use everywhere:"]
        lines += [f"  {line}" for line in left]
        super().__init__("\n".join(lines), remedy=remedy)
        self.left = tuple(left)


class RotationTakenBackError(OdhNimError):
    """A deployment did not come up with the new key, so the old one was brought back."""

    exit_code = 8


class EditConflictError(OdhNimError):
    """Somebody else changed the deployment between reading and writing; `diff` shows how."""

    exit_code = 5

    def __init__(self, name: str, namespace: str, diff: str) -> None:
        super().__init__(
            f"Deployment {name} in {namespace} was changed by somebody else meanwhile; nothing was "
            f"written. Their change:\n{diff}",
            remedy="Run the same command again: it starts from what is there now.",
        )
        self.diff = diff


class EditFailedError(OdhNimError):
    """An edit failed part-way; `leftovers` names what could not be brought back."""

    def __init__(self, name: str, cause: OdhNimError, leftovers: Sequence[Finding] = ()) -> None:
        lines = [f"Deployment {name} is not changed: {cause}"]
        if leftovers:
            lines += ["These could not be brought back:", *(f"  {one}" for one in leftovers)]
        else:
            lines += ["Everything is as before; no pod was restarted."]
        super().__init__("\n".join(lines))
        self.cause = cause
        self.leftovers = tuple(leftovers)

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # two codes for one class: 9 = look
        """8 where all is taken back, 9 where something stays."""
        return 9 if self.leftovers else 8


class PreflightError(OdhNimError):
    """The plan cannot work here; nothing was written. `findings` says all reasons at once."""

    exit_code = 7

    def __init__(self, subject: str, findings: Sequence[Finding]) -> None:
        lines = [f"{subject} cannot be done; nothing was written."]
        lines += [f"  {finding}" for finding in findings]
        super().__init__("\n".join(lines))
        self.findings = tuple(findings)


class DeployFailedError(OdhNimError):
    """A deployment failed part-way. What this request had created is taken back.

    `leftovers` names what could not be taken back, each with the command that removes it.
    """

    def __init__(self, name: str, cause: Exception, leftovers: Sequence[Finding] = ()) -> None:
        lines = [f"Deployment {name} failed: {cause}"]
        if leftovers:
            lines += ["These objects stay, remove them with the command beside them:"]
            lines += [f"  {finding}" for finding in leftovers]
        else:
            lines += ["Everything it had created is taken back; the project is as before."]
        super().__init__("\n".join(lines))
        self.cause = cause
        self.leftovers = tuple(leftovers)

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # two codes for one class: 9 = look
        """8 where all is taken back, 9 where something stays."""
        return 9 if self.leftovers else 8


class NotReadyError(OdhNimError):
    """A deployment is there, but does not serve its model: it failed, or it took too long."""

    exit_code = 11


class DeleteFailedError(OdhNimError):
    """A deletion did not finish; `leftovers` names what is still there."""

    exit_code = 9

    def __init__(self, name: str, leftovers: Sequence[Finding]) -> None:
        lines = [f"Deployment {name} is not completely deleted. Still there:"]
        lines += [f"  {finding}" for finding in leftovers]
        super().__init__("\n".join(lines), remedy="Run the same command again.")
        self.leftovers = tuple(leftovers)


class UpgradeIncompleteError(OdhNimError):
    """The inventory has holes; what cannot be seen could be in use, so nothing was touched."""

    exit_code = 7

    def __init__(self, holes: Sequence[str]) -> None:
        lines = ["The inventory is incomplete, so nothing was changed. Could not read:"]
        lines += [f"  {hole}" for hole in holes]
        super().__init__(
            "\n".join(lines), remedy="Run it again with rights to list these in all projects."
        )
        self.holes = tuple(holes)


class UpgradeUnfinishedError(OdhNimError):
    """Some steps failed or wait; everything that was done stays done."""

    exit_code = 9

    def __init__(self, left: Sequence[str]) -> None:
        lines = ["The clean-up is not finished:", *(f"  {line}" for line in left)]
        super().__init__("\n".join(lines), remedy="Run the same command again later.")
        self.left = tuple(left)


class MigrationFailedError(OdhNimError):
    """A deployment did not come up with its new references; `leftovers` is what stays changed."""

    def __init__(self, name: str, cause: str, leftovers: Sequence[str] = ()) -> None:
        after = "Its old references are back."
        if leftovers:
            after = f"These stay changed: {', '.join(leftovers)}."
        super().__init__(f"Deployment {name} is not migrated: {cause} {after}")
        self.leftovers = tuple(leftovers)

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # two codes for one class: 9 = look
        """8 where all is taken back, 9 where something stays."""
        return 9 if self.leftovers else 8


class SandboxError(OdhNimError):
    """The local control plane could not be built, started or stopped."""

    exit_code = 10


def printable(text: str, limit: int = 120) -> str:
    """Make foreign text safe for a terminal or a log: no control characters, no endless line."""
    clean = text[: limit * 4]
    if not clean.isprintable():
        clean = "".join(each if each.isprintable() else " " for each in clean)
    folded = " ".join(clean.split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"
