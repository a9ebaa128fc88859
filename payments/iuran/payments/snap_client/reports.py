"""The report of a bank (35), read in pages although the service knows none."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from iuran.core.clock import WIB
from iuran.payments.snap_client.answers import BankAnswer, BankPayment, Meaning
from iuran.payments.snap_client.client import ANSWER_BYTES_MAX, SnapClient
from iuran.payments.snap_client.services import PREFIX_WIDTH

PAGE_MIN = timedelta(minutes=1)
"""The service's own times are minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """The payments of a part of a time, up to `until`."""

    until: datetime
    payments: tuple[BankPayment, ...]


async def pull_report(
    client: SnapClient, prefix: str, *, since: datetime, until: datetime
) -> AsyncIterator[ReportPage]:
    """Yield the payments of a time in pages, the oldest first; raises BankRefusedError.

    A page is a time of at most `report_page_minutes`, half as long and half again when the bank
    answers with more than we read at once, so that one page is all that is ever held. Lines that
    tell of no money or cannot be read are left out; a payment on a boundary is in both pages.
    """
    longest = span = timedelta(minutes=client.api.peculiarities.report_page_minutes)
    while since < until:
        end = min(since + span, until)
        answer = await _ask(client, prefix, since=since, until=end)
        if answer.meaning is Meaning.TOO_LONG and end - since > PAGE_MIN:
            span = max((end - since) / 2, PAGE_MIN)
            continue
        yield ReportPage(until=end, payments=_payments(answer))
        if answer.size_bytes < ANSWER_BYTES_MAX // 4:
            span = min(span * 2, longest)
        since = end


async def _ask(client: SnapClient, prefix: str, *, since: datetime, until: datetime) -> BankAnswer:
    start, end = since.astimezone(WIB), until.astimezone(WIB)
    body: dict[str, object] = {
        "partnerServiceId": prefix.rjust(PREFIX_WIDTH),
        "startDate": f"{start:%Y-%m-%d}",
        "startTime": f"{start:%H:%M:%S}+07:00",
        "endDate": f"{end:%Y-%m-%d}",
        "endTime": f"{end:%H:%M:%S}+07:00",
        "additionalInfo": {},
    }
    method = client.api.peculiarities.report_method
    return await client.call(method, "/transfer-va/report", body, repeats=True)


def _payments(answer: BankAnswer) -> tuple[BankPayment, ...]:
    """Read a page; a bank that has no payments says so with 404xx01."""
    if answer.meaning is Meaning.NOT_FOUND:
        return ()
    found = (BankPayment.of(line) for line in answer.done().lines)
    return tuple(payment for payment in found if payment is not None)
