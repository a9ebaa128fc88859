"""How much payments share: a setting, apart from what a lane needs to run."""

from dataclasses import dataclass

PATIENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneLimits:
    """How much is shared: one together means nothing is."""

    lanes: int = 2
    together_max: int = 64
    waiting_max: int = 1_000
    patience_seconds: float = PATIENCE_SECONDS
    """After this a flight that hangs, on one family perhaps, is broken up."""
