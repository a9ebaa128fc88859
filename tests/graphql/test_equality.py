"""A compiled answer is the plain answer, to the byte: invented operations, invented viewers."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

import pytest
from prometheus_client import REGISTRY

from iuran.core.clock import WIB, StandingClock
from iuran.core.database.pool import Pool, Record, open_pool
from iuran.core.families import RegisteredFamily
from iuran.core.segments import CareClass
from iuran.graphql.compiler.declarations import Paged
from iuran.graphql.compiler.windows import window
from iuran.graphql.declared import SOURCES
from iuran.graphql.demo_issuer import AUDIENCE, ISSUER
from iuran.graphql.documents import Documents
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role, Viewer
from iuran.graphql.limits import Limits
from iuran.graphql.operations import Operations, Outcome
from iuran.graphql.reads.reading import Question
from iuran.graphql.requests import OperationRequest
from iuran.graphql.responses import Json
from iuran.graphql.schema import executable_schema
from iuran.graphql.scope import Scope
from iuran.graphql.services import GraphqlServices
from iuran.graphql.signing_keys import SigningKeys
from iuran.graphql.types.bills import BILLS_OF_FAMILY
from iuran.payments.receipts.links import ReceiptLinks
from iuran.payments.secrets import Cipher, generate_installation_key
from tests.builders import a_channel, a_family, an_active_family, pays_what_it_owes, registered
from tests.graphql.everything import one_of_everything
from tests.graphql.invented_operations import Arguments, Invented, invented, whole_operations

EXAMPLES = int(os.environ.get("IURAN_EQUALITY_EXAMPLES", "150"))
"""How many operations are invented; more by the environment variable."""
SEED = os.environ.get("IURAN_EQUALITY_SEED", "1")
"""Other operations by another one."""
COUNTED_OPERATIONS = 60

SCHEMA = executable_schema()
LINKS = ReceiptLinks.of(Cipher.of([generate_installation_key()]))
GENEROUS = Limits(
    document_characters=1_000_000,
    document_tokens=100_000,
    depth=100,
    fragment_nesting=200,
    root_fields=100,
    aliases=1_000,
    directives=1_000,
    cost=10**9,
    points_together=10**12,
)
AWKWARD_PEOPLE = """
    UPDATE participant SET name = E'SITI "\\\\" CONTOH \\t\\u2028 é 漢 😀', phone = '081200001234',
           email = CASE WHEN participant_id % 2 = 0 THEN 'siti@contoh.example' END
    WHERE family_id = $1
"""
NO_PAYER = "UPDATE family SET payer_participant_id = NULL WHERE family_id = $1"
BETWEEN = {"after": 2026 * 12 + 1, "before": 2025 * 12 + 9}
STATES = (("OPEN",), ("PAID",), ("NOT_BILLABLE",))


def wib(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 9, tzinfo=WIB)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Families in every state, and what a frontend could ask about them."""

    families: Sequence[RegisteredFamily]
    employer_id: int
    arguments: Mapping[tuple[str, str], Sequence[Arguments]] = field(repr=False)


@pytest.fixture
async def world(pool: Pool, clock: StandingClock) -> World:
    """A paid up family, one that came back from arrears, one in arrears, one that never paid."""
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    third, first = a_family(members=3), a_family(members=2, care_class=CareClass.I)
    second = a_family(care_class=CareClass.II)
    paid, accounts = await an_active_family(
        pool, channel, third, first_payment_at=wib(2025, 11, 20)
    )
    back, others = await an_active_family(pool, channel, first, first_payment_at=wib(2025, 9, 20))
    late, _ = await an_active_family(pool, channel, second, first_payment_at=wib(2023, 10, 20))
    for month in (1, 2, 3):
        await pays_what_it_owes(pool, channel, accounts[0], at=wib(2026, month, 2))
    await pays_what_it_owes(pool, channel, others[1], at=wib(2026, 2, 20))
    async with pool.acquire() as connection:
        new, _ = await registered(connection, a_family(members=2), at=wib(2026, 3, 1))
        await connection.execute(AWKWARD_PEOPLE, paid.family_id)
        await connection.execute(NO_PAYER, late.family_id)
    clock.set(wib(2026, 3, 25))
    families = (paid, back, late, new)
    numbers: dict[str, str] = {}
    for one in families[:2]:
        numbers = await one_of_everything(
            pool, family_id=one.family_id, membership_id=one.membership_id or 0
        )
    return World(
        families=families,
        employer_id=await pool.fetchval("SELECT min(employer_id) FROM employer"),
        arguments=_in_orders(await _arguments(pool, families, numbers)),
    )


@pytest.fixture
async def own_pool(database_url: str) -> AsyncIterator[Pool]:
    """Connections that have only seen compiled statements: they know no types of other ones."""
    opened = await open_pool(database_url, connections_max=1)
    yield opened
    await opened.close()


SELECT_NUMBERS = """
    SELECT f.family_id, p.participant_id, f.kk_number, p.card_number, p.nik,
           '88888' || right(p.card_number, 11) AS va_number
    FROM family AS f JOIN participant AS p USING (family_id) ORDER BY 1, 2
"""
SELECT_BILLS = "SELECT family_id, membership_id, coverage_month FROM bill ORDER BY 1, 2, 3"


async def _arguments(
    pool: Pool, families: Sequence[RegisteredFamily], numbers: Mapping[str, str]
) -> dict[tuple[str, str], Sequence[Arguments]]:
    people = await pool.fetch(SELECT_NUMBERS)
    bills = [tuple(row) for row in await pool.fetch(SELECT_BILLS)]
    family_ids = [*(id_of("Family", one.family_id) for one in families), id_of("Family", 987)]
    person_ids = [id_of("Participant", p["family_id"], p["participant_id"]) for p in people]
    ids = [
        *family_ids,
        *person_ids,
        *(id_of("VirtualAccount", p["family_id"], p["participant_id"]) for p in people),
        *(id_of("Membership", one.family_id, one.membership_id or 0) for one in families),
        *(id_of("Bill", *bill) for bill in bills[::5]),
        *(text for name, text in numbers.items() if name[0].isupper()),
    ]
    ways = {
        "familyCardNumber": "kk_number",
        "cardNumber": "card_number",
        "nik": "nik",
        "vaNumber": "va_number",
    }
    by = [{"by": {way: p[column]}} for p in people for way, column in ways.items()]
    by_person = [one for one in by if set(one["by"]) <= {"cardNumber", "nik"}]
    filters: list[object] = [
        None,
        {},
        {"state": None},
        {"state": {"eq": STATES[0]}},
        {"state": {"in": list(STATES[1:])}},
        {"state": {"eq": STATES[1], "in": [STATES[1], STATES[0]]}},
        {"state": {"eq": None, "in": []}},
    ]
    pages: list[dict[str, object]] = [
        {"first": 1},
        {"first": 2, "after": id_of("BillCursor", *bills[-1][:0:-1])},
        {"first": 3, "after": None},
        {"first": 100},
        *({"first": 4, "filter": one} for one in filters),
        {"first": 2, "after": id_of("BillCursor", 2026 * 12, 10**6), "filter": filters[3]},
        {"last": 3, "before": id_of("BillCursor", *bills[-1][:0:-1])},
        {"last": 2, "filter": filters[4]},
        {"first": 5, **{end: id_of("BillCursor", m, 0) for end, m in BETWEEN.items()}},
    ]
    events = _pages("MembershipEventCursor", 1_767_225_600_000_000, 3)
    return {
        ("Query", "viewer"): [{}],
        ("Query", "node"): [{"id": one} for one in ids],
        ("Query", "nodes"): [{"ids": ids[::step]} for step in (1, 2, 5, 7)] + [{"ids": []}],
        ("Query", "family"): [*by, *({"by": {"id": one}} for one in family_ids)],
        ("Query", "participant"): [*by_person, *({"by": {"id": one}} for one in person_ids)],
        ("Query", "virtualAccount"): [{"number": p["va_number"]} for p in people]
        + [{"number": "7777700000000001"}],
        ("Query", "bills"): [{"family": one, **page} for one in family_ids for page in pages],
        ("Family", "bills"): pages,
        ("Family", "payments"): _pages("PaymentCursor", 3),
        ("Family", "refunds"): _pages("RefundCursor", 3),
        ("Family", "ledger"): _pages("LedgerEntryCursor", 30),
        ("Membership", "creditEntries"): _pages("CreditEntryCursor", 1),
        ("Family", "claims"): _pages("ClaimCursor", 3),
        ("Family", "complaints"): _pages("ComplaintCursor", 2),
        ("Participant", "visits"): _pages("VisitCursor", 2),
        ("Participant", "referrals"): _pages("ReferralCursor", 2),
        ("Participant", "eligibilityLetters"): _pages("EligibilityLetterCursor", 2),
        ("Query", "channels"): _pages("ChannelCursor", 1),
        ("Query", "employers"): _pages("EmployerCursor", 0),
        ("Query", "employer"): [{"by": {"customerNumber": "80000000001"}}],
        ("Query", "governmentBills"): [
            *_pages("GovernmentBillCursor", 2026 * 12, 2),
            {"first": 3, "filter": {"region": {"eq": "99"}}},
        ],
        ("Query", "suspenseItems"): _pages("SuspenseCursor", 0),
        ("Query", "disputedPayments"): [
            *_pages("DisputedPaymentCursor", 10**6),
            {"first": 3, "filter": {"channel": {"eq": "bca"}, "isClosed": {"eq": True}}},
            {"first": 3, "filter": {"isClosed": {"eq": False}}},
        ],
        ("Query", "autodebitMandates"): [
            *_pages("AutodebitMandateCursor", 1, 1),
            {"first": 3, "filter": {"channel": {"eq": "bca"}}},
        ],
        ("Query", "writeOffOrders"): _pages("WriteOffOrderCursor", 1),
        ("Facility", "capitationStatements"): _pages("CapitationStatementCursor", 2026 * 12),
        ("Query", "deadJobs"): _pages("DeadJobCursor", 1_800_000_000_000_000),
        ("Query", "jobsDue"): [{}],
        ("Query", "governmentPayments"): [
            *_pages("GovernmentPaymentCursor", 10**6),
            {"first": 3, "filter": {"region": {"eq": "99"}}},
        ],
        ("Query", "refundsWaiting"): _pages("RefundWaitingCursor", 1_767_225_600_000_000, 1, 1),
        ("Query", "payerRefundsWaiting"): _pages("PayerRefundCursor", 1),
        ("Query", "approvalsWaiting"): [
            *_pages("ApprovalCursor", 1),
            {"first": 3, "filter": {"kind": {"eq": ("REFUND",)}}},
        ],
        ("Query", "reminderRules"): [{}],
        ("Query", "reminderQueue"): [{}],
        ("Query", "webhookEndpoints"): [{}],
        ("WebhookEndpoint", "deliveries"): _pages("WebhookDeliveryCursor", 10**6),
        ("Employer", "refunds"): _pages("PayerRefundOfEmployerCursor", 10**6),
        ("Employer", "creditEntries"): _pages("EmployerCreditEntryCursor", 10**6),
        ("Query", "figures"): [
            {"firstDay": "2025-01-01", "lastDay": "2025-12-31"},
            {"firstDay": "2026-02-28", "lastDay": "2026-02-28"},
        ],
        ("Query", "information"): [{}],
        ("Query", "eligibilityCheck"): _cares(people, numbers),
        ("Query", "billingRuns"): _pages("BillingRunCursor", 2026 * 12 + 5),
        ("Employer", "bills"): _pages("EmployerBillCursor", 2026 * 12, 5),
        ("Employer", "payments"): _pages("EmployerPaymentCursor", 5),
        ("Employer", "workers"): _pages("EmploymentCursor", 1, 1),
        ("Query", "visits"): _pages("VisitCursor", 2),
        ("Query", "referrals"): _pages("ReferralCursor", 2),
        ("Query", "eligibilityLetters"): _pages("EligibilityLetterCursor", 2),
        ("Query", "claims"): [
            *_pages("ClaimCursor", 3),
            *(
                {"first": 5, "filter": one}
                for one in (
                    {"state": {"eq": ("PAID",)}},
                    {"state": None, "facilityCode": {"eq": "0301r001"}},
                    {"state": {"eq": ("DRAFT",)}, "facilityCode": {"eq": "0301R001"}},
                )
            ),
        ],
        ("Query", "complaints"): [
            *_pages("ComplaintCursor", 2),
            {"first": 2, "filter": {"isAnswered": {"eq": False}}},
        ],
        ("Query", "facilities"): [
            *_pages("FacilityCursor", 112 * 36_000 + 25 * 1_000 + 2),
            *(
                {"first": 5, "filter": one}
                for one in (
                    {"place": {"eq": "kota contoh"}, "level": {"eq": ("FKTP",)}},
                    {"service": {"eq": "dialysis"}, "isPartner": {"eq": True}},
                    {"isPartner": {"eq": False}, "place": {"eq": "PROVINSI CONTOH"}},
                )
            ),
        ],
        ("Query", "facility"): [{"by": {"code": "0301r001"}}, {"by": {"id": id_of("Facility", 1)}}],
        ("Query", "visit"): [
            {"by": {"number": numbers["visit"]}},
            {"by": {"id": numbers["Visit"]}},
        ],
        ("Query", "referral"): [{"by": {"number": numbers["referral"]}}],
        ("Query", "eligibilityLetter"): [{"by": {"number": numbers["letter"]}}],
        ("Query", "claim"): [{"by": {"number": numbers["claim"]}}, {"by": {"number": "X"}}],
        ("Query", "complaint"): [{"by": {"number": numbers["complaint"]}}],
        ("Query", "payment"): [
            {"by": {"reference": {"channelCode": code, "reference": numbers["reference"]}}}
            for code in (numbers["channel"], "NIHIL")
        ],
        ("Membership", "history"): events,
    }


def _in_orders(
    arguments: Mapping[tuple[str, str], Sequence[Arguments]],
) -> dict[tuple[str, str], Sequence[Arguments]]:
    """Put pages in every other order, and behind cursors of them, behind a list's first page."""
    found = dict(arguments)
    for source in SOURCES:
        for name, declared in source.fields.items():
            if isinstance(declared, Paged):
                first, *more = found[source.type_name, name]
                found[source.type_name, name] = [first, *_ordered_pages(declared), *more]
    found["Query", "bills"] = [
        *found["Query", "bills"],
        *({**found["Query", "bills"][0], **one} for one in _ordered_pages(BILLS_OF_FAMILY)),
    ]
    return found


def _ordered_pages(paged: Paged) -> Sequence[Arguments]:
    ascending = "ASC" if paged.descending else "DESC"
    pages: list[Arguments] = []
    for order in (*paged.orders, paged.order):
        asked = {"orderBy": {"field": (order,), "direction": (ascending,)}}
        form, _ = window(paged, {"first": 2, "orderBy": {"field": order, "direction": ascending}})
        cursor = id_of(form.list_name(paged), *[1 for _ in form.keys(paged)])
        pages += [{"first": 2, **asked}, {"last": 3, "after": cursor, **asked}]
    return pages


def _cares(people: Sequence[Record], numbers: Mapping[str, str]) -> Sequence[Arguments]:
    """Care of every type that the first people could seek, and at no facility."""
    sought: Sequence[Mapping[str, object]] = (
        {"careType": ("RJTP",), "facilityCode": "0112p002"},
        {"careType": ("RJTL",), "facilityCode": "0301R001", "referralNumber": numbers["referral"]},
        {"careType": ("RITL",), "facilityCode": "0301R001", "estimatedTariff": "10000000"},
        {"careType": ("RITP",), "facilityCode": "nihil", "isEmergency": True},
    )
    return [{"cardNumber": p["card_number"], "care": one} for p in people for one in sought]


def _pages(list_name: str, *position: int) -> Sequence[Arguments]:
    """Pages of a list without filters: from both ends, behind a cursor, before it, and between."""
    cursor = id_of(list_name, *position)
    return [
        {"first": 2},
        {"last": 100, "before": cursor},
        {"first": 100, "after": cursor},
        {"last": 2, "first": None},
        {"first": 1, "before": cursor},
        {"last": 1, "after": cursor},
    ]


def _ordered(text: bytes | str) -> object:
    """JSON with the order of its keys."""
    return json.loads(text, object_pairs_hook=list)


async def test_a_compiled_answer_is_the_plain_answer(
    pool: Pool, own_pool: Pool, clock: StandingClock, world: World
) -> None:
    for random in _randoms(EXAMPLES):
        operation = invented(random, SCHEMA, world.arguments)
        viewer = _viewer(random, world)

        await _answers_alike(pool, own_pool, clock, operation, viewer)


@pytest.mark.parametrize(
    "role",
    [Role.AUDITOR, Role.PARTICIPANT, Role.FACILITY, Role.EMPLOYER, Role.FINANCE_OFFICER],
)
async def test_every_question_with_all_of_its_fields_is_answered_alike(
    pool: Pool, own_pool: Pool, clock: StandingClock, world: World, role: Role
) -> None:
    viewer = Viewer(
        subject="somebody",
        role=role,
        family_id=world.families[1].family_id if role is Role.PARTICIPANT else None,
        facility="0301R001" if role is Role.FACILITY else None,
        employer_id=world.employer_id if role is Role.EMPLOYER else None,
    )
    left = [
        operation.query
        for operation in whole_operations(SCHEMA, world.arguments)
        if not await _answers_alike(pool, own_pool, clock, operation, viewer)
    ]

    assert left == []


async def _answers_alike(
    pool: Pool, own_pool: Pool, clock: StandingClock, operation: Invented, viewer: Viewer
) -> bool:
    """Put an operation to both and compare; whether it could be compiled at all."""
    answering = Operations(SCHEMA, _services(own_pool, clock))
    resolving = Operations(SCHEMA, _services(pool, clock))
    prepared = Documents(SCHEMA, GENEROUS).prepare(
        operation.query, operation_name=None, variables=operation.variables, only_queries=True
    )
    request = OperationRequest(
        query=operation.query, operation_name=None, variables=operation.variables, is_get=False
    )
    question = Question(viewer=viewer, scope=Scope.of(viewer), at=clock.now(), receipts=LINKS)

    failed = REGISTRY.get_sample_value("iuran_graphql_flights_failed_total")
    compiled, with_company = await asyncio.gather(
        answering.run(prepared, request, viewer), answering.run(prepared, request, viewer)
    )
    plain = await resolving.run_plainly(prepared, request, question)

    assert not plain.errors
    assert not compiled.errors
    if isinstance(compiled.data, Json):
        assert compiled.statements <= 1
        written = json.dumps(plain.data, ensure_ascii=False, separators=(",", ":"))
        assert _ordered(compiled.data) == _ordered(written)
        assert bytes(compiled.data) == written.encode()
        assert with_company == compiled
        assert REGISTRY.get_sample_value("iuran_graphql_flights_failed_total") == failed
    return isinstance(compiled.data, Json)


async def test_most_invented_operations_are_compiled(
    own_pool: Pool, clock: StandingClock, world: World
) -> None:
    """Where an operation cannot be compiled, the test of equality compares nothing."""
    operations = [invented(one, SCHEMA, world.arguments) for one in _randoms(COUNTED_OPERATIONS)]
    answering = Operations(SCHEMA, _services(own_pool, clock))
    documents = Documents(SCHEMA, GENEROUS)

    answered = [await _answer(answering, documents, one) for one in operations]

    compiled = sum(isinstance(one.data, Json) for one in answered)
    assert len(answered) >= COUNTED_OPERATIONS
    assert compiled > 20 * (len(answered) - compiled)


async def _answer(answering: Operations, documents: Documents, asked: Invented) -> Outcome:
    prepared = documents.prepare(
        asked.query, operation_name=None, variables=asked.variables, only_queries=True
    )
    request = OperationRequest(
        query=asked.query, operation_name=None, variables=asked.variables, is_get=False
    )
    return await answering.run(prepared, request, Viewer(subject="somebody", role=Role.AUDITOR))


def _services(pool: Pool, clock: StandingClock) -> GraphqlServices:
    return GraphqlServices(
        pool=pool,
        clock=clock,
        keys=SigningKeys.fixed({"keys": []}),
        issuer=ISSUER,
        audience=AUDIENCE,
        limits=GENEROUS,
        receipts=LINKS,
    )


def _randoms(count: int) -> Iterator[Random]:
    """A source of chances for each of so many operations, which follows from its number."""
    return (Random(f"{SEED}/{number}") for number in range(count))  # noqa: S311 - no secret


def _viewer(random: Random, world: World) -> Viewer:
    role = random.choice(list(Role))
    family = random.choice([*(one.family_id for one in world.families), 987])
    return Viewer(
        subject="somebody",
        role=role,
        family_id=family if role is Role.PARTICIPANT else None,
        facility="0301R001" if role is Role.FACILITY else None,
        employer_id=world.employer_id if role is Role.EMPLOYER else None,
    )
