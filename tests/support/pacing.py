"""A clock that moves only when somebody sleeps, and dice that always show the highest number."""

import asyncio
from dataclasses import dataclass, field

from odh_nim.cluster import Pacing


@dataclass
class FakeTime:
    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def pacing(self, dice: float = 1.0) -> Pacing:
        return Pacing(now=lambda: self.now, sleep=self.sleep, random=lambda: dice)
