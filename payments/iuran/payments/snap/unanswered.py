"""Inquiries that we failed to answer although they may have been stored."""

from dataclasses import dataclass, field

from iuran.payments.snap.codes import Service
from iuran.payments.snap.message import Exchange

REMEMBERED_MAX = 10_000

_Key = tuple[str, str, str]


@dataclass(slots=True)
class Unanswered:
    """Remembers inquiries that got a 5xx of ours, so that their repetition is no conflict.

    The latest ones, in this process only: a bank that repeats to another one may hear 409, and has
    to ask with a new X-EXTERNAL-ID. Nothing of money depends on it.
    """

    _keys: dict[_Key, None] = field(default_factory=dict[_Key, None])

    def remember(self, exchange: Exchange) -> None:
        """Keep an inquiry whose sender is known; the oldest one makes room."""
        if exchange.service is Service.INQUIRY and exchange.external_id and exchange.reference:
            self._keys[_key(exchange)] = None
        if len(self._keys) > REMEMBERED_MAX:
            del self._keys[next(iter(self._keys))]

    def __contains__(self, exchange: Exchange) -> bool:
        return _key(exchange) in self._keys


def _key(exchange: Exchange) -> _Key:
    return exchange.channel_code, exchange.external_id, exchange.reference
