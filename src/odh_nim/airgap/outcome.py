"""What became of every image of a run, and the exit code that says so in bits."""

from dataclasses import dataclass, field
from typing import Final

SOURCE_BIT: Final = 4
DESTINATION_BIT: Final = 8
INTEGRITY_BIT: Final = 16
PARTIAL_BIT: Final = 32
STOPPED: Final = 130


@dataclass(frozen=True)
class Failure:
    """Why an image did not go through; `bit` says whose fault it was."""

    image: str
    bit: int
    message: str


@dataclass
class Outcome:
    """What happened to every image."""

    done: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    stopped: bool = False

    @property
    def exit_code(self) -> int:
        """The sum of the bits; 130 where the run was stopped."""
        if self.stopped:
            return STOPPED
        code = 0
        for failure in self.failures:
            code |= failure.bit
        return code | PARTIAL_BIT if code and (self.done or self.there) else code
