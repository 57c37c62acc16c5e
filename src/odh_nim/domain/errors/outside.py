"""Answers of NVIDIA and of container registries; bundles and mirrors of the air gap."""

from collections.abc import Sequence

from odh_nim.domain.errors.base import OdhNimError, printable


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
