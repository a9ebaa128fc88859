"""Service 25: a payment was made at the bank; book it once, and answer after it is durable."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString, cast

import structlog
from structlog.typing import FilteringBoundLogger

from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.payments.metrics import SNAP_INCONSISTENT_PAYMENTS
from iuran.payments.quirks import Quirks
from iuran.payments.settlement import Outcome, PaymentInstruction, Verdict
from iuran.payments.snap import receipt
from iuran.payments.snap.account import WireAccount
from iuran.payments.snap.answers import (
    ECHOED_IDS,
    FAILED,
    SUCCEEDED,
    Answer,
    echoed,
    echoed_if_sent,
    told,
    with_additional_info,
)
from iuran.payments.snap.attempts import Committed
from iuran.payments.snap.authentication import Sender, authenticate
from iuran.payments.snap.codes import SnapRefusedError
from iuran.payments.snap.context import SnapServices
from iuran.payments.snap.document import JsonObject, parse_object
from iuran.payments.snap.fields import (
    amount_object,
    mandatory_request_id,
    mandatory_rupiah,
    optional_instant,
)
from iuran.payments.snap.message import Exchange
from iuran.payments.snap.rulings import Ruling, ruling_of_outcome

SELECT_FIRST_ANSWER: LiteralString = """
    SELECT 'INCONSISTENT' AS verdict, result, detail FROM payment_answer
    WHERE channel_id = $1 AND reference = $2
"""

_log: FilteringBoundLogger = structlog.get_logger()

_ECHOED_IF_SENT = (
    "trxId",
    "paidBills",
    "referenceNo",
    "journalNum",
    "paymentType",
    "flagAdvise",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentNotice:
    """A payment that was understood."""

    account: WireAccount
    reference: str
    amount: Rupiah
    channel_time: datetime | None

    @classmethod
    def of(cls, document: JsonObject) -> "PaymentNotice":
        """Read a request; raises SnapRefusedError with the field that is wrong."""
        return cls(
            account=WireAccount.of(document),
            reference=mandatory_request_id(document, "paymentRequestId"),
            amount=mandatory_rupiah(document, "paidAmount"),
            channel_time=optional_instant(document, "trxDateTime"),
        )


async def answer_payment(services: SnapServices, exchange: Exchange) -> Answer:
    """Settle a payment in one commit and say what it came to, the same however often told."""
    services.transactions.check_room()
    sender = await authenticate(services, exchange)
    document = parse_object(exchange.message.body)
    try:
        instruction = _instruction(sender, exchange, document)
    except SnapRefusedError:
        told_before = await _told_before(services, sender, exchange)
        if told_before is None:
            raise
        committed = told_before
    else:
        committed = await _settled(services, exchange, instruction)
    outcome = committed.value
    quirks = sender.channel.quirks
    ruling = ruling_of_outcome(outcome, quirks.repeat_answer, is_own=committed.may_repeat)
    if outcome.verdict is Verdict.INCONSISTENT:
        report_inconsistency(exchange, outcome)
    data = _data(document, exchange, outcome, ruling, quirks)
    return Answer(
        case=ruling.case,
        named=ruling.named,
        body=with_additional_info(document, {"virtualAccountData": data}),
    )


def _instruction(sender: Sender, exchange: Exchange, document: JsonObject) -> PaymentInstruction:
    with suppress(SnapRefusedError):
        exchange.reference = mandatory_request_id(document, "paymentRequestId")
    notice = PaymentNotice.of(document)
    exchange.customer_number = notice.account.customer_number
    notice.account.check_known_to(sender.channel)
    return PaymentInstruction(
        channel_id=sender.channel.channel_id,
        external_id=sender.external_id,
        reference=notice.reference,
        customer_number=notice.account.customer_number,
        amount=notice.amount,
        channel_time=notice.channel_time,
        target=exchange.message.target,
        headers=exchange.headers,
        body=exchange.message.body,
    )


async def _settled(
    services: SnapServices, exchange: Exchange, instruction: PaymentInstruction
) -> Committed[Outcome]:
    at = exchange.legal_at or services.clock.now()
    return await services.lanes.settle(instruction, at=at)


async def _told_before(
    services: SnapServices, sender: Sender, exchange: Exchange
) -> Committed[Outcome] | None:
    """Return what the payment of a refused message came to before, if anything.

    A payment that stands is never told "rejected", not even by a message that names it wrongly.
    """
    if not exchange.reference:
        return None
    channel_id, reference = sender.channel.channel_id, exchange.reference
    committed = await services.transactions.commit(
        lambda connection: connection.fetchrow(SELECT_FIRST_ANSWER, channel_id, reference)
    )
    if committed.value is None:
        return None
    return Committed(value=Outcome.of(committed.value), may_repeat=False)


def report_inconsistency(exchange: Exchange, outcome: Outcome) -> None:
    """Tell reconciliation: the bank and we disagree about what this reference paid."""
    SNAP_INCONSISTENT_PAYMENTS.labels(exchange.channel_code).inc()
    _log.warning(
        "snap.payment_inconsistent",
        **exchange.log_fields(),
        first_result=outcome.result,
        payment_id=outcome.detail.get("payment_id"),
    )


def _data(
    document: JsonObject, exchange: Exchange, outcome: Outcome, ruling: Ruling, quirks: Quirks
) -> Mapping[str, object]:
    detail = outcome.detail
    status = SUCCEEDED if ruling.settled else FAILED
    reason = told(ruling.reason, quirks.language)
    lines = _free_texts(outcome, ruling)[: quirks.free_texts_max]
    sub_company = {"subCompany": quirks.sub_company} if quirks.sub_company else {}
    owed = detail.get("amount")
    paid = document.get("paidAmount")
    return {
        "paymentFlagStatus": status,
        "paymentFlagReason": reason,
        **echoed(document, (*ECHOED_IDS, "paymentRequestId")),
        "virtualAccountName": detail.get("name") or _name(document),
        "paidAmount": paid,
        "totalAmount": paid if owed is None else amount_object(Rupiah(owed)),
        "trxDateTime": document.get("trxDateTime") or exchange.message.header("X-TIMESTAMP"),
        **echoed_if_sent(document, _ECHOED_IF_SENT),
        **sub_company,
        "billDetails": _bills(document, status, reason)[: quirks.bill_details_max],
        "freeTexts": [told(line, quirks.language) for line in lines],
    }


def _name(document: JsonObject) -> object:
    return echoed(document, ("virtualAccountName",))["virtualAccountName"]


def _bills(document: JsonObject, status: str, reason: Mapping[str, str]) -> list[object]:
    """Return the bills that the bank named, each with the status of the whole payment."""
    sent = document.get("billDetails")
    # isinstance cannot say of what; each is looked at below.
    bills = cast("list[object]", sent) if isinstance(sent, list) else []
    return [
        {
            "billerReferenceId": bill.get("billReferenceNo", ""),
            **bill,
            "status": status,
            "reason": reason,
        }
        for bill in bills
        if isinstance(bill, JsonObject)
    ]


def _free_texts(outcome: Outcome, ruling: Ruling) -> list[dict[str, str]]:
    detail = outcome.detail
    if not ruling.settled or "first_month" not in detail or "last_month" not in detail:
        return []
    lines = receipt.bill_lines(
        CoverageMonth.of_ordinal(detail["first_month"]),
        CoverageMonth.of_ordinal(detail["last_month"]),
        members=detail.get("members", 0),
    )
    if months_ahead := detail.get("months_ahead", 0):
        lines = [*lines, receipt.months_ahead_line(months_ahead)]
    last_day = outcome.window_last_day
    return lines if last_day is None else [*lines, receipt.fine_window_line(last_day)]
