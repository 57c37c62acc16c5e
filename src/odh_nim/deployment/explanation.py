"""One recognised failure in plain words."""

from dataclasses import dataclass
from typing import Final

from odh_nim.domain.errors import printable

_LONGEST: Final = 400


@dataclass(frozen=True)
class Explanation:
    """Why a deployment does not become ready, and what helps.

    `code` is stable (`pull-401`); `evidence` is the cluster's own text, cleaned; `subject` is
    `Kind/name`. `fatal` says that waiting alone will not help.
    """

    code: str
    subject: str
    cause: str
    action: str
    evidence: str = ""
    fatal: bool = True


@dataclass(frozen=True)
class Lesson:
    """What is known about one kind of failure, wherever it turns up."""

    code: str
    cause: str
    action: str
    fatal: bool = True

    def about(self, subject: str, evidence: str = "", *, fatal: bool | None = None) -> Explanation:
        """Apply it to an object."""
        return Explanation(
            self.code,
            subject,
            self.cause,
            self.action,
            printable(evidence, _LONGEST),
            self.fatal if fatal is None else fatal,
        )
