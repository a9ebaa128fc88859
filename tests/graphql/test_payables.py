"""What a read says can be paid is what a bank is told, whatever has happened before."""

from datetime import datetime, timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from iuran.core.clock import WIB, wib_date
from iuran.core.database.pool import Pool
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass
from iuran.graphql.declared import declarations_of
from iuran.graphql.identity import Role, Viewer
from iuran.graphql.limits import Limits
from iuran.graphql.reads.loading import Reads
from iuran.graphql.reads.reading import Reading
from iuran.graphql.schema import executable_schema
from iuran.graphql.scope import Scope
from iuran.graphql.snapshots import Snapshot
from iuran.graphql.types.payables import Payable as PayableRead
from iuran.payments.billing import bill_month
from iuran.payments.settlement import book_collected
from iuran.payments.virtual_accounts import Payable, VirtualAccount, payable_at
from tests.builders import a_channel, a_family, an_instruction, pays_what_it_owes, registered

END_ENROLMENT = """
    UPDATE enrolment SET last_month = greatest(first_month, $3)
    WHERE family_id = $1 AND participant_id = $2
"""

LEAVE_SEGMENT = """
    UPDATE membership SET state = 'INACTIVE_SEGMENT_CHANGE'
    WHERE family_id = $1 AND state <> 'PENDING'
"""

ASK_AHEAD = """
    INSERT INTO prepayment_request (family_id, membership_id, wib_day, months, requested_at)
    SELECT family_id, membership_id, $2, 2, $3 FROM membership WHERE family_id = $1
"""

DAY = timedelta(days=1)
STARTS = st.datetimes(datetime(2018, 1, 1), datetime(2026, 6, 1))  # noqa: DTZ001 - made aware below
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["pay", "bill", "end enrolment", "leave segment", "collect", "ask ahead"]),
        st.integers(min_value=0, max_value=400),
    ),
    max_size=5,
)


async def told_to_the_bank(pool: Pool, account: VirtualAccount, at: datetime) -> Payable:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            return await payable_at(connection, account.customer_number, at=at)
        finally:
            await transaction.rollback()


async def told_to_the_frontend(
    pool: Pool, family_id: int, participant_id: int, at: datetime
) -> PayableRead | None:
    async with Snapshot(pool, Limits()) as snapshot:
        viewer = Viewer(subject="x", role=Role.AUDITOR)
        reading = Reading(viewer=viewer, scope=Scope.of(viewer), at=at, snapshot=snapshot)
        reads = Reads(reading, declarations_of(executable_schema()))
        account = await reads.virtual_account(family_id, participant_id)
        assert account is not None
        return await reads.payable(family_id, account.membership_id, issued_on=account.issued_on)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    start=STARTS,
    members=st.integers(min_value=1, max_value=3),
    care_class=st.sampled_from(CareClass),
    first_payment_after=st.integers(min_value=10, max_value=34),
    steps=STEPS,
    asked_after=st.integers(min_value=0, max_value=900),
)
@example(  # the monthly run left a month out
    start=datetime(2018, 1, 1),  # noqa: DTZ001 - made aware below
    members=1,
    care_class=CareClass.I,
    first_payment_after=14,
    steps=[("bill", 45)],
    asked_after=0,
)
@example(  # credit that reaches some months and not the others, and months ahead
    start=datetime(2024, 1, 1),  # noqa: DTZ001 - made aware below
    members=1,
    care_class=CareClass.I,
    first_payment_after=14,
    steps=[("collect", 100), ("collect", 30), ("ask ahead", 40)],
    asked_after=0,
)
async def test_a_read_and_a_bank_are_told_the_same(
    pool: Pool,
    start: datetime,
    members: int,
    care_class: CareClass,
    first_payment_after: int,
    steps: list[tuple[str, int]],
    asked_after: int,
) -> None:
    at = start.replace(tzinfo=WIB)
    async with pool.acquire() as connection:
        channel = await a_channel(connection, f"BANK{await connection.fetchval(NEXT)}")
        family, (account, *_) = await registered(
            connection, a_family(members=members, care_class=care_class), at=at
        )
    last = family.participants[-1].participant_id
    at += first_payment_after * DAY
    await pays_what_it_owes(pool, channel, account, at=at)
    for step, days in steps:
        at += days * DAY
        await take(pool, step, family.family_id, last, channel, account, at)
    at += asked_after * DAY

    read = await told_to_the_frontend(
        pool, family.family_id, family.participants[0].participant_id, at
    )
    told = await told_to_the_bank(pool, account, at)

    assert read is not None
    assert read.status == told.result
    assert read.amount == told.amount
    assert read.members == told.members
    assert read.arrears_months == told.arrears_months
    assert (read.first_month, read.last_month) == (told.first_month, told.last_month)
    assert (read.payable_from, read.payable_until) == (told.payable_from, told.payable_until)


NEXT = "SELECT count(*) FROM channel"


async def take(
    pool: Pool,
    step: str,
    family_id: int,
    participant_id: int,
    channel: int,
    account: VirtualAccount,
    at: datetime,
) -> None:
    if step == "pay":
        await pays_what_it_owes(pool, channel, account, at=at)
        return
    if step == "collect":
        instruction = an_instruction(channel, account.customer_number, 400_000)
        async with pool.acquire() as connection, connection.transaction():
            await book_collected(connection, [instruction], at=at)
        return
    month = CoverageMonth.of(wib_date(at))
    async with pool.acquire() as connection, connection.transaction():
        if step == "bill":
            await bill_month(
                connection, family_from=family_id, family_to=family_id, month=month, at=at
            )
        elif step == "ask ahead":
            await connection.execute(ASK_AHEAD, family_id, wib_date(at), at)
        elif step == "end enrolment":
            await connection.execute(END_ENROLMENT, family_id, participant_id, month.ordinal)
        else:
            await connection.execute(LEAVE_SEGMENT, family_id)
