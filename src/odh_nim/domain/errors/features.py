"""What the catalogue, keys, deployments, edits and upgrades could not do."""

from collections.abc import Sequence

from odh_nim.domain.errors.base import OdhNimError
from odh_nim.domain.finding import Finding


class CatalogError(OdhNimError):
    """There is no usable catalogue."""

    exit_code = 3


class CatalogRefusedError(CatalogError):
    """A catalogue was made that must not ship; the old file is as it was."""

    exit_code = 7


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
