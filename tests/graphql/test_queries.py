from datetime import datetime

import pytest
from structlog.testing import capture_logs

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.core.segments import CareClass
from iuran.graphql.global_ids import id_of
from iuran.payments.virtual_accounts import payable_at
from tests.builders import a_channel, a_family, an_active_family, pays_what_it_owes, registered
from tests.graphql.conftest import Frontend, code_of
from tests.moments import wib

INSERT_MANDIRI = """
    INSERT INTO channel (code, name, client_id, partner_id, va_prefix, created_at)
    VALUES ('MANDIRI', 'Bank Mandiri', 'M', 'M', '89888', now())
"""


JOURNEY = """
    query Journey($by: FamilyBy!) {
      family(by: $by) {
        id familyCardNumber registeredAt
        payer { name }
        participants {
          name nik cardNumber birthDate sex relation phone email
          virtualAccount { number issuedOn payable { amount status } participant { name } }
          membership { state }
          family { id }
        }
        membership {
          segment careClass classSince state paidThrough
          fineWindow { firstDay lastDay arrearsMonths isOpen }
          history(first: 10) { nodes { state effectiveAt recordedAt cause paidThrough } }
        }
        memberships { id }
        payable { status amount members arrearsMonths firstMonth lastMonth payableFrom }
        bills(first: 12) {
          edges { cursor node { id } }
          nodes {
            coverageMonth careClass members amount centralSubsidy regionalSubsidy dueDate state
            isOverdue settledAt family { id }
            lines { coverageMonth amount legalBasis participant { name cardNumber } }
            payment { paidAt amount channelName reference allocations { coverageMonth } }
          }
          pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        }
      }
    }
"""


async def test_the_journey_from_arrears_to_reactivation_is_seen(
    frontend: Frontend, pool: Pool, clock: StandingClock
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    registered, (account, *_) = await an_active_family(
        pool,
        channel,
        a_family(members=4, care_class=CareClass.III),
        first_payment_at=wib(2025, 12, 20),
    )
    card = registered.participants[0].card_number

    clock.set(wib(2026, 2, 1, 0, 1))
    before = (await frontend.data(JOURNEY, by={"cardNumber": card}))["family"]
    await pays_what_it_owes(pool, channel, account, at=clock.now())
    after = (await frontend.data(JOURNEY, by={"vaNumber": account.number}))["family"]

    assert before["membership"]["state"] == "SUSPENDED"
    assert before["payable"] == {
        "status": "PAYABLE",
        "amount": "280000",
        "members": 4,
        "arrearsMonths": 1,
        "firstMonth": "2026-01",
        "lastMonth": "2026-02",
        "payableFrom": None,
    }
    assert after["id"] == before["id"]
    assert after["membership"]["state"] == "ACTIVE"
    assert after["membership"]["paidThrough"] == "2026-02"
    assert after["membership"]["fineWindow"] == {
        "firstDay": "2026-02-01",
        "lastDay": "2026-03-18",
        "arrearsMonths": 1,
        "isOpen": True,
    }
    assert after["payable"]["status"] == "ALREADY_PAID"
    assert after["payable"]["amount"] == "0"
    assert [bill["coverageMonth"] for bill in after["bills"]["nodes"]] == [
        "2026-02",
        "2026-01",
        "2025-12",
    ]
    february = after["bills"]["nodes"][0]
    assert february["state"] == "PAID"
    assert february["payment"]["channelName"] == "BCA"
    assert february["settledAt"] == "2026-02-01T00:01:00+07:00"
    assert sum(int(line["amount"]) for line in february["lines"]) == int(february["amount"])
    assert {line["participant"]["name"] for line in february["lines"]} == {
        participant["name"] for participant in after["participants"]
    }
    assert [event["cause"] for event in after["membership"]["history"]["nodes"]] == [
        "PAYMENT",
        "MONTH_CLOSED_UNPAID",
        "FIRST_PAYMENT",
        "REGISTRATION",
    ]


async def test_the_number_of_statements_does_not_grow_with_the_rows(
    frontend: Frontend, pool: Pool, clock: StandingClock
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    small, _ = await an_active_family(
        pool, channel, a_family(members=2), first_payment_at=wib(2025, 12, 20)
    )
    large, (account, *_) = await an_active_family(
        pool, channel, a_family(members=5), first_payment_at=wib(2024, 12, 20)
    )
    clock.set(wib(2026, 1, 5))
    await pays_what_it_owes(pool, channel, account, at=clock.now())

    with capture_logs() as logs:
        few = await frontend.data(JOURNEY, by={"cardNumber": small.participants[0].card_number})
        many = await frontend.data(JOURNEY, by={"cardNumber": large.participants[0].card_number})

    assert len(few["family"]["bills"]["nodes"]) == 1
    assert len(many["family"]["bills"]["nodes"]) == 12
    assert sum(len(bill["lines"]) for bill in many["family"]["bills"]["nodes"]) == 60
    first, second = (log["statements"] for log in logs if log["event"] == "graphql.operation")
    assert first == second == 1


async def test_a_family_is_found_by_any_number_of_any_member(
    frontend: Frontend, pool: Pool, clock: StandingClock
) -> None:
    family = a_family(members=2)
    async with pool.acquire() as connection:
        await a_channel(connection)
        found, accounts = await registered(connection, family, at=clock.now())
    ways = [
        {"id": id_of("Family", found.family_id)},
        {"familyCardNumber": family.kk_number},
        {"cardNumber": found.participants[1].card_number},
        {"nik": family.participants[1].nik},
        {"vaNumber": accounts[1].number},
    ]

    ids = [
        (await frontend.data("query ($by: FamilyBy!) { family(by: $by) { id } }", by=way))["family"]
        for way in ways
    ]

    assert ids == [{"id": id_of("Family", found.family_id)}] * 5


async def test_many_look_ups_of_one_operation_share_statements(
    frontend: Frontend, pool: Pool, clock: StandingClock
) -> None:
    async with pool.acquire() as connection:
        found, _ = await registered(connection, a_family(members=3), at=clock.now())
    fields = " ".join(
        f'p{n}: participant(by: {{cardNumber: "{one.card_number}"}}) {{ name }}'
        for n, one in enumerate(found.participants)
    )

    with capture_logs() as logs:
        data = await frontend.data("{" + fields + "}")

    assert [one["name"] for one in data.values()] == [one.name for one in found.participants]
    assert logs[-1]["statements"] == 1


@pytest.mark.parametrize(
    "by",
    [
        {"cardNumber": "0000000000000"},
        {"familyCardNumber": "9900000000000000"},
        {"nik": "9901015705909998"},
        {"vaNumber": "8888800000000000"},
        {"id": id_of("Family", 987_654)},
    ],
)
async def test_what_does_not_exist_is_null(frontend: Frontend, by: dict[str, str]) -> None:
    answer = await frontend.answer("query ($by: FamilyBy!) { family(by: $by) { id } }", by=by)

    assert answer == {"data": {"family": None}}


async def test_a_virtual_account_is_known_by_the_prefix_of_any_channel_and_no_other(
    frontend: Frontend, pool: Pool, clock: StandingClock
) -> None:
    async with pool.acquire() as connection:
        await connection.execute(INSERT_MANDIRI)
        _, (account, *_) = await registered(connection, a_family(), at=clock.now())
    query = "query ($number: VANumber!) { virtualAccount(number: $number) { number issuedOn } }"

    answers = [
        (await frontend.data(query, number=prefix + account.customer_number))["virtualAccount"]
        for prefix in ("88888", "89888", "77777")
    ]

    expected = {"number": account.number, "issuedOn": "2026-01-05"}
    assert answers == [expected, expected, None]


async def test_every_node_is_found_again_by_its_id(frontend: Frontend, pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    registered_family, _ = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)
    )
    seen = await frontend.data(
        """query ($id: ID!) { family(by: {id: $id}) {
             id membership { id } payer { id virtualAccount { id } }
             bills(first: 1) { nodes { id } } } }""",
        id=id_of("Family", registered_family.family_id),
    )
    family = seen["family"]
    ids = {
        "Family": family["id"],
        "Membership": family["membership"]["id"],
        "Participant": family["payer"]["id"],
        "VirtualAccount": family["payer"]["virtualAccount"]["id"],
        "Bill": family["bills"]["nodes"][0]["id"],
    }

    one = await frontend.data(
        "query ($id: ID!) { node(id: $id) { __typename id } }", id=ids["Bill"]
    )
    many = await frontend.data(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }",
        ids=[*ids.values(), id_of("Family", 987_654)],
    )

    assert one["node"] == {"__typename": "Bill", "id": ids["Bill"]}
    assert many["nodes"] == [
        *({"__typename": kind, "id": text} for kind, text in ids.items()),
        None,
    ]


async def test_bills_are_paged_by_cursor_without_gap_or_repetition(
    frontend: Frontend, pool: Pool, clock: StandingClock
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2024, 12, 20)
    )
    await pays_what_it_owes(pool, channel, account, at=clock.now())
    query = """query ($id: ID!, $after: String) {
        bills(family: $id, first: 5, after: $after) {
          nodes { coverageMonth } pageInfo { hasNextPage hasPreviousPage endCursor } } }"""

    months: list[str] = []
    after, pages = None, 0
    while pages < 10:
        page = (await frontend.data(query, id=id_of("Family", family.family_id), after=after))[
            "bills"
        ]
        months += [bill["coverageMonth"] for bill in page["nodes"]]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        after, pages = page["pageInfo"]["endCursor"], pages + 1
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert pages == 3
    assert months == ["2026-01", *(f"2025-{month:02d}" for month in range(12, 0, -1)), "2024-12"]


async def test_membership_history_is_paged_by_cursor(
    frontend: Frontend, pool: Pool, clock: StandingClock
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2025, 10, 20)
    )
    await pays_what_it_owes(pool, channel, account, at=clock.now())
    query = """query ($id: ID!, $after: String) { family(by: {id: $id}) { membership {
        history(first: 3, after: $after) { nodes { cause } pageInfo { endCursor } } } } }"""

    first = await frontend.data(query, id=id_of("Family", family.family_id))
    page = first["family"]["membership"]["history"]
    second = await frontend.data(
        query, id=id_of("Family", family.family_id), after=page["pageInfo"]["endCursor"]
    )

    causes = [
        event["cause"]
        for data in (first, second)
        for event in data["family"]["membership"]["history"]["nodes"]
    ]
    assert causes == ["PAYMENT", "MONTH_CLOSED_UNPAID", "FIRST_PAYMENT", "REGISTRATION"]


FILTERS: list[tuple[dict[str, object], set[str]]] = [
    ({"eq": "PAID"}, {"PAID"}),
    ({"in": ["OPEN", "NOT_BILLABLE"]}, {"OPEN", "NOT_BILLABLE"}),
    ({"eq": "NOT_BILLABLE"}, {"NOT_BILLABLE"}),
    ({"eq": "PAID", "in": ["OPEN"]}, set()),
    ({"in": []}, set()),
    ({}, {"PAID", "OPEN", "NOT_BILLABLE"}),
]


@pytest.mark.parametrize(("condition", "states"), FILTERS)
async def test_bills_are_filtered_by_the_state_that_they_have_now(
    frontend: Frontend,
    pool: Pool,
    clock: StandingClock,
    condition: dict[str, object],
    states: set[str],
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2023, 6, 20)
    )
    async with pool.acquire() as connection, connection.transaction():
        await payable_at(connection, account.customer_number, at=clock.now())

    data = await frontend.data(
        """query ($id: ID!, $filter: BillFilter) { family(by: {id: $id}) {
             bills(first: 50, filter: $filter) { nodes { coverageMonth state } } } }""",
        id=id_of("Family", family.family_id),
        filter={"state": condition},
    )

    nodes = data["family"]["bills"]["nodes"]
    assert {bill["state"] for bill in nodes} == states
    assert all(
        bill["coverageMonth"] < "2024-01" for bill in nodes if bill["state"] == "NOT_BILLABLE"
    )


@pytest.mark.parametrize(
    ("at", "overdue", "state"),
    [
        (wib(2026, 1, 10, 23, 59), False, "ACTIVE"),
        (wib(2026, 1, 11, 0, 1), True, "ACTIVE"),
        (wib(2026, 1, 31, 23, 59), True, "ACTIVE"),
        (wib(2026, 2, 1, 0, 0), True, "SUSPENDED"),
    ],
)
async def test_overdue_begins_after_the_tenth_and_suspension_with_the_next_month(
    frontend: Frontend,
    pool: Pool,
    clock: StandingClock,
    at: datetime,
    overdue: bool,  # noqa: FBT001 - a figure of the scenario
    state: str,
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)
    )
    async with pool.acquire() as connection, connection.transaction():
        await payable_at(connection, account.customer_number, at=wib(2026, 1, 2))

    clock.set(at)
    data = await frontend.data(
        """query ($id: ID!) { family(by: {id: $id}) { membership { state }
             bills(first: 1, filter: {state: {eq: OPEN}}) {
               nodes { coverageMonth isOverdue dueDate } } } }""",
        id=id_of("Family", family.family_id),
    )

    assert data["family"]["membership"]["state"] == state
    assert data["family"]["bills"]["nodes"] == [
        {"coverageMonth": "2026-01", "isOverdue": overdue, "dueDate": "2026-01-10"}
    ]


async def test_reading_writes_nothing(frontend: Frontend, pool: Pool, clock: StandingClock) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, _ = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)
    )
    clock.set(wib(2026, 3, 1))

    data = await frontend.data(
        "query ($id: ID!) { family(by: {id: $id}) { payable { amount arrearsMonths } } }",
        id=id_of("Family", family.family_id),
    )

    assert data["family"]["payable"] == {"amount": "105000", "arrearsMonths": 2}
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM bill") == 1


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ('{ family(by: {id: "RmFtaWx5OjE"}) { bills(first: 0) { nodes { id } } } }', "PAGE_SIZE"),
        ('{ family(by: {id: "RmFtaWx5OjE"}) { bills(first: 101) { nodes { id } } } }', "PAGE_SIZE"),
        ('{ bills(family: "RmFtaWx5OjE", first: -3) { nodes { id } } }', "PAGE_SIZE"),
        (
            '{ bills(family: "RmFtaWx5OjE", first: 3, after: "RmFtaWx5OjE") { nodes { id } } }',
            "ID_INVALID",
        ),
        ('{ family(by: {id: "nonsense"}) { id } }', "ID_INVALID"),
        ('{ family(by: {id: ""}) { id } }', "ID_INVALID"),
        ('{ participant(by: {id: "RmFtaWx5OjE"}) { id } }', "ID_INVALID"),
        ('{ node(id: "QmlsbEN1cnNvcjoxLjI") { id } }', "ID_INVALID"),
        ('{ node(id: "RmFtaWx5OjEuMg") { id } }', "ID_INVALID"),
    ],
)
async def test_what_cannot_be_meant_is_refused_in_its_field(
    frontend: Frontend, pool: Pool, clock: StandingClock, query: str, code: str
) -> None:
    async with pool.acquire() as connection:
        await registered(connection, a_family(), at=clock.now())

    response = await frontend.post(query)

    assert response.status_code == 200
    assert code_of(response.json()).startswith(code)
    assert "data" in response.json()


async def test_more_ids_than_a_page_are_refused(frontend: Frontend) -> None:
    answer = await frontend.answer(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["x"] * 101
    )

    assert code_of(answer) == "PAGE_SIZE_OUT_OF_RANGE"


async def test_keys_beyond_what_columns_hold_are_only_not_found(
    frontend: Frontend, pool: Pool, clock: StandingClock
) -> None:
    async with pool.acquire() as connection:
        family, _ = await registered(connection, a_family(), at=clock.now())
    huge = 2**63 - 1

    answer = await frontend.answer(
        """query ($id: ID!, $bill: ID!, $after: String, $event: String) {
             node(id: $bill) { id }
             family(by: {id: $id}) {
               bills(first: 1, after: $after) { nodes { id } }
               membership { history(first: 9, after: $event) { nodes { cause } } } } }""",
        id=id_of("Family", family.family_id),
        bill=id_of("Bill", 1, 1, huge),
        after=id_of("BillCursor", huge, huge),
        event=id_of("MembershipEventCursor", huge, huge),
    )

    assert answer["data"] == {
        "node": None,
        "family": {
            "bills": {"nodes": []},
            "membership": {"history": {"nodes": [{"cause": "REGISTRATION"}]}},
        },
    }
