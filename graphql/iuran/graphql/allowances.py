"""What somebody may still ask for: points of cost and look-ups of numbers, by his role."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from time import time

from iuran.graphql.errors import RateLimitedError
from iuran.graphql.identity import Role, Viewer
from iuran.graphql.limits import Limits
from iuran.graphql.metrics import RATE_LIMITED
from iuran.graphql.rates import Balance, Rate, Rates, principal_of

ORGANISATIONS = frozenset({Role.FACILITY, Role.EMPLOYER})
"""Roles under which many people ask with one token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Buckets:
    points: Rate
    lookups: Rate


class Allowances:
    """Charges requests to the buckets of those who ask."""

    def __init__(self, limits: Limits, rates: Rates) -> None:
        self._rates = rates
        person = _Buckets(
            points=Rate(
                name="points",
                burst=limits.points_burst,
                per_second=limits.points_per_minute / 60,
            ),
            lookups=Rate(
                name="lookups",
                burst=limits.lookups_burst,
                per_second=limits.lookups_per_minute / 60,
            ),
        )
        factor = limits.organisation_factor
        organisation = _Buckets(
            points=person.points.times(factor), lookups=person.lookups.times(factor)
        )
        self._buckets: Mapping[Role, _Buckets] = {
            role: organisation if role in ORGANISATIONS else person for role in Role
        }

    def account_of(self, viewer: Viewer) -> "Account":
        """Open the account of one request."""
        return Account(
            rates=self._rates,
            buckets=self._buckets[viewer.role],
            principal=principal_of(viewer.subject),
        )


@dataclass(slots=True, kw_only=True)
class Account:
    """What one request has spent. Spending raises RateLimitedError when nothing is left."""

    rates: Rates
    buckets: _Buckets
    principal: str
    requested: int = 0
    balance: Balance | None = field(default=None, init=False)

    async def spend_points(self, points: int) -> None:
        """Pay for preparing a document, or for the objects that an operation may read."""
        self.requested += points
        rate, rates = self.buckets.points, self.rates
        at_hand = rates.spend_at_hand(rate, self.principal, points)
        self.balance = at_hand or await rates.spend(rate, self.principal, points)
        _check(self.balance, rate, "points of cost")

    async def spend_lookups(self, lookups: int) -> None:
        """Pay for numbers that are looked up."""
        if lookups:
            rate, rates = self.buckets.lookups, self.rates
            at_hand = rates.spend_at_hand(rate, self.principal, lookups)
            balance = at_hand or await rates.spend(rate, self.principal, lookups)
            _check(balance, rate, "look-ups of numbers")

    @property
    def statement(self) -> str | None:
        """What `extensions.cost` says, as JSON; None before anything was asked for."""
        if self.balance is None:
            return None
        reset_at = _written_instant(int(time() + self.balance.full_in_seconds))
        return (
            f'{{"requested":{self.requested:d},"remaining":{self.balance.remaining:d},'
            f'"resetAt":"{reset_at}"}}'
        )


@lru_cache(maxsize=64)
def _written_instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _check(balance: Balance, rate: Rate, what: str) -> None:
    if balance.is_granted:
        return
    RATE_LIMITED.labels(bucket=rate.name).inc()
    raise RateLimitedError(
        f"you have spent your {what} for now; wait as Retry-After says, and ask for less",
        wait_seconds=balance.wait_seconds,
    )
