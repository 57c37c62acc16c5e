"""The root of all errors, and those of what was typed or written here."""

from typing import ClassVar


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


class OutputError(OdhNimError):
    """A file could not be written; what was there before is there as it was."""

    exit_code = 1

    def __init__(self, path: object, cause: OSError) -> None:
        reason = cause.strerror or type(cause).__name__
        super().__init__(
            f"{printable(str(path), 300)} cannot be written: {reason}; what was there is unchanged."
        )


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
