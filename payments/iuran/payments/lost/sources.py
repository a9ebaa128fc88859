"""Who can be asked for payments: a bank's SNAP BI services 26 and 35."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import httpx

from iuran.core.clock import Clock, SystemClock
from iuran.payments.lost.connections import BankConnection
from iuran.payments.snap_client.answers import BankPayment, BankRefusedError, Meaning
from iuran.payments.snap_client.client import SnapClient
from iuran.payments.snap_client.reports import ReportPage, pull_report
from iuran.payments.snap_client.services import BankAccount, ask_status

CONNECTIONS_MAX = 20


class PaymentSource(Protocol):
    """A bank or an aggregator that tells of its payments when it is asked."""

    async def status(self, reference: str, customer_number: str) -> BankPayment | None:
        """Return the payment of an inquiry, None if there is none (yet).

        Raises BankRefusedError when nothing is known.
        """
        ...

    def report(self, *, since: datetime, until: datetime) -> AsyncIterator[ReportPage]:
        """Return the payments of a time, the oldest page first; raises BankRefusedError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapSource:
    """A bank that serves 26 and 35."""

    client: SnapClient
    va_prefix: str

    async def status(self, reference: str, customer_number: str) -> BankPayment | None:
        """Return the payment of an inquiry, if the bank has one under its id."""
        account = BankAccount(prefix=self.va_prefix, customer_number=customer_number)
        answer = await ask_status(self.client, account, reference)
        if answer.meaning in {Meaning.NOT_FOUND, Meaning.IN_PROGRESS}:
            return None
        payment = BankPayment.of(answer.done().account)
        # A bank that finds nothing may tell of the latest payment of the account instead.
        return payment if payment is not None and payment.reference == reference else None

    def report(self, *, since: datetime, until: datetime) -> AsyncIterator[ReportPage]:
        """Return the payments of a time, the oldest page first."""
        return pull_report(self.client, self.va_prefix, since=since, until=until)


@dataclass(slots=True, kw_only=True)
class Sources:
    """The sources of channels, each with one client, for its token. The caller closes `http`."""

    http: httpx.AsyncClient
    clock: Clock = field(default_factory=SystemClock)
    _clients: dict[tuple[int, datetime], SnapClient] = field(
        default_factory=dict[tuple[int, datetime], SnapClient]
    )

    def source_of(self, connected: BankConnection) -> PaymentSource:
        """Return the source of a channel as it is connected now."""
        key = (connected.channel_id, connected.connected_at)
        if key not in self._clients:
            self._clients = {k: c for k, c in self._clients.items() if k[0] != key[0]}
            self._clients[key] = SnapClient(http=self.http, api=connected.api, clock=self.clock)
        return SnapSource(client=self._clients[key], va_prefix=connected.va_prefix)


def outgoing_client() -> httpx.AsyncClient:
    """Return the client for calls to banks: no redirects, no proxies of the environment."""
    limits = httpx.Limits(max_connections=CONNECTIONS_MAX)
    return httpx.AsyncClient(limits=limits, follow_redirects=False, trust_env=False)


__all__ = ["BankRefusedError", "PaymentSource", "SnapSource", "Sources", "outgoing_client"]
