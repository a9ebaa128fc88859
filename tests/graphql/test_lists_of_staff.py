"""What officers and operators list: proposals, refunds, payments, the queue, webhooks."""

from dataclasses import replace
from datetime import datetime
from typing import LiteralString

import pytest

from iuran.core.approvals import ApprovalKind, Subject, waits_no_more
from iuran.core.clock import WIB, StandingClock
from iuran.core.database.pool import Pool
from iuran.core.facilities.capitation_tariffs import (
    CapitationTariff,
    approve_tariff,
    propose_tariff,
)
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from iuran.payments.payer_refunds import (
    record_payer_payout,
    waiting_payer_refunds,
)
from iuran.payments.webhooks.addresses import Reach
from iuran.payments.webhooks.endpoints import NewEndpoint, add_endpoint
from tests.graphql.conftest import CIPHER, Frontend, Insured
from tests.graphql.everything import one_of_everything


@pytest.fixture(autouse=True)
async def _everything(pool: Pool, insured: Insured, clock: StandingClock) -> None:
    clock.set(datetime(2026, 1, 9, 9, tzinfo=WIB))
    membership = insured.registered.membership_id or 0
    await one_of_everything(pool, family_id=insured.family_id, membership_id=membership)


async def test_an_officer_sees_what_waits_for_him_and_not_what_was_approved(
    frontend: Frontend, insured: Insured
) -> None:
    query = "{ approvalsWaiting(first: 9) { nodes { kind amount proposedBy family { id } } } }"

    waiting = (await frontend.data(query))["approvalsWaiting"]["nodes"]

    kinds = [one["kind"] for one in waiting]
    assert kinds.count("MANUAL_CHANGE") == 1
    assert {"GOVERNMENT_PAYMENT", "SUSPENSE_PROPOSAL"} <= set(kinds)
    (change,) = (one for one in waiting if one["kind"] == "MANUAL_CHANGE")
    assert change["family"] == {"id": insured.keys["family"]}
    assert change["proposedBy"] == "petugas-1"


async def test_tariffs_and_systems_wait_until_a_second_person_approves_them(
    frontend: Frontend, pool: Pool
) -> None:
    code = await pool.fetchval("SELECT min(facility_code) FROM facility")
    at = datetime(2026, 1, 9, 9, tzinfo=WIB)
    async with pool.acquire() as connection:
        for month, amount in ((12, 3_700), (11, 3_600)):
            tariff = CapitationTariff(
                facility_code=code,
                first_month=CoverageMonth(2025, month),
                amount=Rupiah(amount),
                reason="kontrak baru",
            )
            await propose_tariff(connection, tariff, by="ani", at=at)
        await approve_tariff(
            connection, code, first_month=CoverageMonth(2025, 12), by="budi", at=at
        )
        for name, kinds in (("baru-satu", ("payment.settled",)), ("baru-semua", ())):
            new = NewEndpoint(name=name, url="https://203.0.113.9/", kinds=kinds)
            await add_endpoint(connection, CIPHER, Reach(), new, by="ani", at=at)
    query = """
        query ($kind: ApprovalKind!) {
          approvalsWaiting(first: 9, filter: {kind: {eq: $kind}}) {
            nodes { number amount reason proposedBy } } }
    """

    tariffs = (await frontend.data(query, kind="CAPITATION_TARIFF"))["approvalsWaiting"]["nodes"]
    systems = (await frontend.data(query, kind="WEBHOOK_ENDPOINT"))["approvalsWaiting"]["nodes"]

    (tariff,) = tariffs
    assert tariff == {
        "number": f"{code}/2025-11",
        "amount": "3600",
        "reason": "kontrak baru",
        "proposedBy": "ani",
    }
    assert [(one["number"], one["reason"]) for one in systems] == [
        ("baru-satu", "payment.settled"),
        ("baru-semua", "*"),
    ]


async def test_what_waits_is_read_page_by_page_and_names_what_its_mutation_takes(
    frontend: Frontend, insured: Insured
) -> None:
    query = """
        query ($after: String) {
          approvalsWaiting(first: 3, after: $after) {
            totalCount nodes { kind number subjectId } pageInfo { hasNextPage endCursor } } }
    """

    first = (await frontend.data(query))["approvalsWaiting"]
    second = (await frontend.data(query, after=first["pageInfo"]["endCursor"]))["approvalsWaiting"]

    seen = [*first["nodes"], *second["nodes"]]
    assert first["totalCount"] == len(seen) == len({one["kind"] for one in seen})
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
    for one in seen:
        node = {"MANUAL_CHANGE": "ManualChange", "REFUND": "Refund"}.get(one["kind"])
        wanted = node and id_of(node, insured.family_id, int(one["number"]))
        assert one["subjectId"] == wanted


async def test_refunds_wait_in_the_order_in_which_they_were_asked_for_page_by_page(
    frontend: Frontend, insured: Insured, pool: Pool
) -> None:
    async with pool.acquire() as connection:
        await connection.execute(
            """
            INSERT INTO refund (family_id, membership_id, amount, reason, note, payee_name,
                                payee_bank, payee_account, requested_by, requested_at)
            SELECT $1, $2, 7000 + n, 'OVERPAYMENT', 'lebih', 'SITI CONTOH', 'Bank Contoh',
                   '990000012345', 'petugas-1', '2026-01-02 09:00+07'
            FROM generate_series(1, 2) AS n
            """,
            insured.family_id,
            insured.registered.membership_id,
        )
    query = """
        query ($after: String) {
          refundsWaiting(first: 2, after: $after) {
            nodes { amount state requestedAt } pageInfo { hasNextPage endCursor } } }
    """

    first = (await frontend.data(query))["refundsWaiting"]
    second = (await frontend.data(query, after=first["pageInfo"]["endCursor"]))["refundsWaiting"]

    assert [one["amount"] for one in first["nodes"]] == ["7001", "7002"]
    assert first["pageInfo"]["hasNextPage"]
    assert [one["amount"] for one in second["nodes"]] == ["5000"]
    assert not second["pageInfo"]["hasNextPage"]


async def test_a_refund_to_an_employer_waits_for_its_decision_and_then_for_its_transfer(
    frontend: Frontend, pool: Pool
) -> None:
    query = """
        { payerRefundsWaiting(first: 5) { nodes { amount state payeeAccount employer { name } } }
          approvalsWaiting(first: 9) { nodes { kind amount } } }
    """

    asked = await frontend.data(query, role=Role.AUDITOR)
    at = datetime(2026, 1, 9, 9, tzinfo=WIB)
    async with pool.acquire() as connection:
        (refund,) = await waiting_payer_refunds(connection)
        await connection.execute(DECISION, at)
        number = str(refund.refund_id)
        await waits_no_more(connection, Subject(kind=ApprovalKind.PAYER_REFUND, number=number))
        approved = await frontend.data(query, role=Role.AUDITOR)
        await record_payer_payout(
            connection, refund.refund_id, payout_reference="TRF-1", by="petugas-2", at=at
        )
        paid = await frontend.data(query, role=Role.AUDITOR)

    (waiting,) = asked["payerRefundsWaiting"]["nodes"]
    assert waiting["employer"]["name"] == "PT Contoh"
    assert (waiting["state"], waiting["payeeAccount"]) == ("COMPLETE", "********2345")
    assert {"kind": "PAYER_REFUND", "amount": "4000"} in asked["approvalsWaiting"]["nodes"]
    (waiting,) = approved["payerRefundsWaiting"]["nodes"]
    assert waiting["state"] == "APPROVED"
    kinds = {one["kind"] for one in approved["approvalsWaiting"]["nodes"]}
    assert "PAYER_REFUND" not in kinds
    assert paid["payerRefundsWaiting"]["nodes"] == []


DECISION: LiteralString = """
    INSERT INTO payer_refund_decision (refund_id, requested_by, is_approved, reason, decided_by,
                                       decided_at)
    SELECT refund_id, requested_by, true, 'sesuai', 'petugas-2', $1
    FROM payer_refund
"""


async def test_an_employer_finds_itself_and_from_each_end_of_a_payment_the_other(
    frontend: Frontend, insured: Insured, pool: Pool
) -> None:
    query = """
        { viewer { employer { id name payments(first: 1) { nodes {
            reference employer { id } allocations { amount bill { coverageMonth employer { id } } }
          } } } } }
    """
    employer_id = await pool.fetchval("SELECT min(employer_id) FROM employer")

    own_token = replace(frontend, employer_id=employer_id)
    data = await own_token.data(query, role=Role.EMPLOYER)
    nobody = await frontend.data(query, role=Role.PARTICIPANT, family_id=insured.family_id)

    employer = data["viewer"]["employer"]
    own = {"id": employer["id"]}
    assert employer["name"] == "PT Contoh"
    assert employer["payments"]["nodes"] == [
        {
            "reference": "EMP-1",
            "employer": own,
            "allocations": [
                {"amount": "250000", "bill": {"coverageMonth": "2026-01", "employer": own}}
            ],
        }
    ]
    assert nobody["viewer"]["employer"] is None


async def test_a_worker_sees_who_pays_for_him_by_name_alone(
    frontend: Frontend, insured: Insured
) -> None:
    query = """
        query ($id: ID!) { family(by: {id: $id}) {
          membership { employment { employerName firstMonth employer { credit } } } } }
    """

    data = await frontend.data(
        query, role=Role.PARTICIPANT, family_id=insured.family_id, id=insured.keys["family"]
    )

    assert data["family"]["membership"]["employment"] == {
        "employerName": "PT Contoh",
        "firstMonth": "2025-01",
        "employer": None,
    }


async def test_what_a_bank_has_otherwise_is_seen_beside_what_we_have(frontend: Frontend) -> None:
    query = """
        { disputedPayments(first: 5, filter: {isClosed: {eq: false}, channel: {eq: "bca"}}) {
          nodes { channelName reference service customerNumber amount
            ourCustomerNumber ourAmount ourResult foundAt closedAt proposals { outcome proposedBy }
          } }
          approvalsWaiting(first: 9, filter: {kind: {eq: DISPUTE}}) { nodes { kind amount } }
          closed: disputedPayments(first: 5, filter: {isClosed: {eq: true}}) { nodes {
            closedAt closing { outcome reason proposedBy approvedBy bookedReference bookedAmount
                               bookedResult } } } }
    """

    whole = await frontend.data(query, role=Role.FINANCE_OFFICER)
    masked = await frontend.data(query, role=Role.OPERATOR)
    hidden = await frontend.data(query)

    (dispute,) = whole["disputedPayments"]["nodes"]
    assert (dispute["reference"], dispute["service"]) == ("NYASAR-1", 35)
    assert (dispute["amount"], dispute["ourAmount"]) == ("100000", "50000")
    assert (dispute["customerNumber"], dispute["ourCustomerNumber"], dispute["ourResult"]) == (
        "8888809999999998",
        "09999999999",
        None,
    )
    assert dispute["closedAt"] is None
    assert dispute["proposals"] == [{"outcome": "BANK_CORRECTED", "proposedBy": "petugas-1"}]
    assert whole["approvalsWaiting"]["nodes"] == [{"kind": "DISPUTE", "amount": "100000"}]
    (ended,) = whole["closed"]["nodes"]
    assert ended["closedAt"] == "2026-01-06T11:00:00+07:00"
    assert ended["closing"] == {
        "outcome": "BOOKED",
        "reason": "ada di rekening",
        "proposedBy": "petugas-1",
        "approvedBy": "petugas-2",
        "bookedReference": "NYASAR-1#2",
        "bookedAmount": "150000",
        "bookedResult": "CREDITED",
    }
    (dispute,) = masked["disputedPayments"]["nodes"]
    assert dispute["customerNumber"] == "************9998"
    assert dispute["ourCustomerNumber"] == "*******9999"
    assert hidden["disputedPayments"]["nodes"] == []


async def test_an_operator_sees_the_queue_by_day_and_the_webhooks_that_fail(
    frontend: Frontend,
) -> None:
    query = """
        { reminderQueue { day event channel messages }
          reminderRules { event segment channel at offsetDays }
          webhookEndpoints { name state kinds waiting deadLetters
                             deliveries(first: 1) { nodes { result answer status } } } }
    """

    data = await frontend.data(query, role=Role.OPERATOR)

    assert data["reminderQueue"] == [
        {"day": "2026-01-07", "event": "DUE_IN_3_DAYS", "channel": "SMS", "messages": 1}
    ]
    rules = {(one["event"], one["segment"], one["channel"]) for one in data["reminderRules"]}
    assert {("DUE_IN_7_DAYS", "PBPU_SELF", one) for one in ("EMAIL", "WHATSAPP", "SMS")} <= rules
    (endpoint,) = data["webhookEndpoints"]
    assert endpoint["state"] == "PROPOSED"
    assert endpoint["deliveries"]["nodes"] == [
        {"result": "FAILED", "answer": "timed out", "status": None}
    ]


async def test_a_family_sees_its_mandate_and_its_changes_and_no_changes_by_hand(
    frontend: Frontend, insured: Insured
) -> None:
    query = """
        query ($id: ID!) { family(by: {id: $id}) {
          autodebitMandates { account isActive attempts { outcome reason amount } }
          changes { field numberBefore payerAfter { name } }
          manualChanges { kind } participants { contactPreference { channels optedOut } } } }
    """

    data = await frontend.data(
        query, role=Role.PARTICIPANT, family_id=insured.family_id, id=insured.keys["family"]
    )

    family = data["family"]
    assert family["autodebitMandates"] == [
        {
            "account": "********2345",
            "isActive": True,
            "attempts": [{"outcome": "FAILED", "reason": "saldo tidak cukup", "amount": "70000"}],
        }
    ]
    assert [one["field"] for one in family["changes"]] == ["PAYER", "KK_NUMBER"]
    assert family["changes"][1]["numberBefore"] == "9900000077777777"
    assert family["manualChanges"] == []
    assert family["participants"][0]["contactPreference"] == {
        "channels": ["WHATSAPP"],
        "optedOut": ["SMS"],
    }


async def test_who_sees_numbers_masked_sees_no_details_of_changes_by_hand(
    frontend: Frontend, insured: Insured
) -> None:
    query = """
        query ($id: ID!) { family(by: {id: $id}) {
          changes { numberAfter } manualChanges { kind wanted approvedBy } } }
    """

    masked = await frontend.data(query, role=Role.AUDITOR, id=insured.keys["family"])
    whole = await frontend.data(query, id=insured.keys["family"])

    assert [one["wanted"] for one in masked["family"]["manualChanges"]] == [None, None]
    assert masked["family"]["changes"][1]["numberAfter"] == "************8888"
    assert [one["wanted"] for one in whole["family"]["manualChanges"]] == ['{"y": 1}'] * 2
