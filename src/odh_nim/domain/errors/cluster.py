"""Answers of the API server, or none."""

from odh_nim.domain.errors.base import OdhNimError


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
