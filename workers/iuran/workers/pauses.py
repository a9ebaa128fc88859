"""Pauses between attempts: doubling, with jitter so that many who failed together part again."""

import random
from datetime import timedelta

FIRST_PAUSE = timedelta(seconds=2)
_DOUBLINGS_MAX = 20


def pause(failures: int, *, longest: timedelta, first: timedelta = FIRST_PAUSE) -> timedelta:
    """Return how long to wait: `first`, twice that and so on, less up to half of it."""
    doubled = first * (1 << min(max(failures - 1, 0), _DOUBLINGS_MAX))
    share = random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret
    return min(doubled, longest) * share
