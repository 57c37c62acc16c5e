"""The common failures of a NIM in plain words: sign, cause, action."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """Why a deployment does not become ready, and what helps.

    `code` is stable (`pull-401`); `evidence` is the cluster's own text, cleaned; `subject` is
    `Kind/name`. `fatal` says that waiting will not help.
    """

    code: str
    subject: str
    cause: str
    action: str
    evidence: str = ""
    fatal: bool = True
