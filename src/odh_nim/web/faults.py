"""Errors that only a server has."""

from odh_nim.domain.errors import OdhNimError


class TooOftenError(OdhNimError):
    """Asked too often; `retry_after` is in whole seconds."""

    exit_code = 6

    def __init__(self, retry_after: int, *, what: str = "Keys are checked too often.") -> None:
        super().__init__(what, remedy=f"Try again in {retry_after} s.")
        self.retry_after = retry_after


class StoppedError(OdhNimError):
    """The server stopped, or broke, before a run was done; the run was taken back."""

    exit_code = 6

    def __init__(self) -> None:
        super().__init__(
            "The server stopped before it was done; what was begun is taken back.",
            remedy="Try again.",
        )
