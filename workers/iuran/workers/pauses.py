"""Pauses between attempts: doubling, with jitter so that many who failed together part again."""

import random
from datetime import timedelta

FIRST_PAUSE = timedelta(seconds=2)
_DOUBLINGS_MAX = 20


def pause(failures: int, *, longest: timedelta) -> timedelta:
    """Return how long to wait: 2 s, 4 s, 8 s and so on, less up to half of it."""
    doubled = FIRST_PAUSE * (1 << min(max(failures - 1, 0), _DOUBLINGS_MAX))
    share = random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret
    return min(doubled, longest) * share
