"""What a check found: a fact, how bad it is, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True)
class Finding:
    """One result of a preflight, a check or a clean-up.

    `code` is stable, for machines (`gpu-none`); `subject` is the field or `Kind/name` it is about.
    """

    severity: Severity
    code: str
    subject: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.severity}: {self.subject}: {self.message}"
        return f"{text} {self.remedy}" if self.remedy else text


def errors_of(findings: list[Finding]) -> list[Finding]:
    """Keep the findings that stop a plan."""
    return [finding for finding in findings if finding.severity is Severity.ERROR]
