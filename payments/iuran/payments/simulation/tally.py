"""What many runs of one scenario came to, step by step."""

from collections import Counter
from dataclasses import dataclass, field

from iuran.payments.simulation.play import Played


@dataclass(slots=True, kw_only=True)
class StepTally:
    """The calls of one step over all runs."""

    codes: Counter[str] = field(default_factory=Counter[str])
    seconds: list[float] = field(default_factory=list[float])
    failures: int = 0
    problem: str = ""

    def add(self, played: Played) -> None:
        """Count what was heard."""
        for one in played.tries:
            self.codes[one.heard.code] += 1
            self.seconds.append(one.seconds)
            self.failures += bool(one.problem)
        self.problem = self.problem or played.problem

    @property
    def calls(self) -> int:
        """How many calls were made."""
        return len(self.seconds)

    def milliseconds(self, percent: int) -> float:
        """Return how long that many percent of the calls took at most (nearest rank)."""
        if not self.seconds:
            return 0.0
        rank = -(-len(self.seconds) * percent // 100)
        return sorted(self.seconds)[max(rank, 1) - 1] * 1000


@dataclass(slots=True, kw_only=True)
class Tally:
    """The steps of a scenario by number, and how many runs are done."""

    steps: dict[int, StepTally] = field(default_factory=dict[int, StepTally])
    runs: int = 0

    def add(self, played: Played) -> None:
        """Count one step of a run."""
        self.steps.setdefault(played.number, StepTally()).add(played)

    @property
    def failures(self) -> int:
        """How many calls were not answered as they should have been."""
        return sum(step.failures for step in self.steps.values())
