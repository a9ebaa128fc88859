"""Service 26: what became of a payment, for a bank that is not sure; of today and yesterday."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from iuran.core.clock import wib_date, wib_instant
from iuran.core.database.pool import Connection, Record
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.payments.quirks import Quirks
from iuran.payments.settlement import Outcome
from iuran.payments.snap import receipt
from iuran.payments.snap.account import WireAccount
from iuran.payments.snap.answers import (
    ECHOED_IDS,
    FAILED,
    SUCCEEDED,
    Answer,
    echoed,
    told,
    with_additional_info,
)
from iuran.payments.snap.authentication import Sender, authenticate
from iuran.payments.snap.codes import Case, SnapRefusedError
from iuran.payments.snap.context import SnapServices
from iuran.payments.snap.document import JsonObject, parse_object
from iuran.payments.snap.fields import amount_object, optional_request_id
from iuran.payments.snap.message import Exchange
from iuran.payments.snap.reservations import reserve
from iuran.payments.snap.rulings import ruling_of_result
from iuran.payments.snap.timestamps import write_instant

DAYS_KEPT = 2

SELECT_BY_REFERENCE: LiteralString = """
    SELECT r.reference, r.amount, r.received_at, p.channel_time, a.result, a.detail,
           'REPEATED_REFERENCE' AS verdict
    FROM payment_reference AS r
    JOIN payment_answer AS a ON a.channel_id = r.channel_id AND a.reference = r.reference
    LEFT JOIN payment AS p
      ON p.family_id = (a.detail ->> 'family_id')::bigint AND p.channel_id = r.channel_id
     AND p.reference = r.reference
    WHERE r.channel_id = $1 AND r.reference = $2 AND r.customer_number = $3
      AND r.received_at >= $4
"""

SELECT_LATEST_REFERENCE: LiteralString = """
    SELECT latest.reference
    FROM (
        SELECT p.reference, p.received_at
        FROM virtual_account_number AS n
        JOIN payment AS p ON p.family_id = n.family_id
        WHERE n.customer_number = $2 AND p.channel_id = $1 AND p.received_at >= $3
        UNION ALL
        SELECT p.reference, p.received_at
        FROM employer_account_number AS n
        JOIN employer_payment AS p ON p.employer_id = n.employer_id
        WHERE n.customer_number = $2 AND p.channel_id = $1 AND p.received_at >= $3
    ) AS latest
    JOIN payment_reference AS r ON r.channel_id = $1 AND r.reference = latest.reference
    WHERE r.customer_number = $2
    ORDER BY latest.received_at DESC
    LIMIT 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPayment:
    """A payment that we know, settled or refused."""

    reference: str
    amount: Rupiah
    received_at: datetime
    channel_time: datetime | None
    outcome: Outcome

    @classmethod
    def of(cls, row: Record) -> "FoundPayment":
        """Read a row."""
        return cls(
            reference=row["reference"],
            amount=Rupiah(row["amount"]),
            received_at=row["received_at"],
            channel_time=row["channel_time"],
            outcome=Outcome.of(row),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    is_first: bool | None
    found: FoundPayment | None


async def answer_status(services: SnapServices, exchange: Exchange) -> Answer:
    """Say what became of a payment: the one of paymentRequestId, or else the account's latest.

    Raises SnapRefusedError, 404xx01 where there is none of today or yesterday (WIB).
    """
    services.transactions.check_room()
    sender = await authenticate(services, exchange)
    document = parse_object(exchange.message.body)
    account = WireAccount.of(document)
    exchange.customer_number = account.customer_number
    reference = optional_request_id(document, "paymentRequestId") or optional_request_id(
        document, "inquiryRequestId"
    )
    exchange.reference = reference
    account.check_company(sender.channel)
    at = exchange.legal_at or services.clock.now()
    committed = await services.transactions.commit(
        lambda connection: _ask(connection, sender, exchange, at)
    )
    asked = committed.value
    if not asked.is_first and not committed.may_repeat:
        raise SnapRefusedError(Case.CONFLICT)
    if asked.found is None:
        raise SnapRefusedError(Case.TRANSACTION_NOT_FOUND)
    data = _data(document, account, asked.found, sender.channel.quirks)
    return Answer(
        case=Case.SUCCESSFUL, body=with_additional_info(document, {"virtualAccountData": data})
    )


async def _ask(connection: Connection, sender: Sender, exchange: Exchange, at: datetime) -> _Asked:
    is_first = await reserve(connection, sender, exchange, at)
    since = wib_instant(wib_date(at) - timedelta(days=DAYS_KEPT - 1))
    channel_id, number = sender.channel.channel_id, exchange.customer_number
    reference = exchange.reference or await connection.fetchval(
        SELECT_LATEST_REFERENCE, channel_id, number, since
    )
    row = await connection.fetchrow(SELECT_BY_REFERENCE, channel_id, reference, number, since)
    return _Asked(is_first=is_first, found=None if row is None else FoundPayment.of(row))


def _data(
    document: JsonObject, account: WireAccount, found: FoundPayment, quirks: Quirks
) -> Mapping[str, object]:
    outcome, detail = found.outcome, found.outcome.detail
    if outcome.result is None:
        raise SnapRefusedError(Case.TRANSACTION_NOT_FOUND)
    ruling = ruling_of_result(outcome.result, payable_from=None)
    status = SUCCEEDED if ruling.settled else FAILED
    reason = told(ruling.reason, quirks.language)
    owed = detail.get("amount")
    inquired = echoed(document, ("inquiryRequestId",))["inquiryRequestId"]
    return {
        "paymentFlagStatus": status,
        "paymentFlagReason": reason,
        **echoed(document, ECHOED_IDS),
        "virtualAccountName": detail.get("name", ""),
        "inquiryRequestId": inquired or found.reference,
        "paymentRequestId": found.reference,
        "paidAmount": amount_object(found.amount),
        "totalAmount": amount_object(found.amount if owed is None else Rupiah(owed)),
        "trxDateTime": write_instant(found.channel_time or found.received_at),
        "transactionDate": write_instant(found.received_at),
        "billDetails": _bills(account, found, status, reason)[: quirks.bill_details_max],
    }


def _bills(
    account: WireAccount, found: FoundPayment, status: str, reason: Mapping[str, str]
) -> list[Mapping[str, object]]:
    detail = found.outcome.detail
    first, last = detail.get("first_month"), detail.get("last_month")
    if first is None or last is None:
        return []
    first_month, last_month = CoverageMonth.of_ordinal(first), CoverageMonth.of_ordinal(last)
    return [
        {
            "billNo": receipt.bill_number(account.customer_number, last_month),
            "billDescription": receipt.description(first_month, last_month),
            "billAmount": amount_object(found.amount),
            "billReferenceNo": f"{detail.get('payment_id', '')}",
            "status": status,
            "reason": reason,
        }
    ]
