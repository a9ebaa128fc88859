import asyncio
from dataclasses import replace
from datetime import date, timedelta

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.care.care_types import CareType
from iuran.core.claims.closing import close_deadlines
from iuran.core.claims.deadlines import (
    complete_by_silence_on,
    expires_on,
    late_compensation,
    months_late,
    pay_by,
)
from iuran.core.claims.documents import documents_needed, exclusions
from iuran.core.claims.filing import (
    NewFacilityClaim,
    NewReimbursement,
    PaperUnknownError,
    ServedLaterError,
    open_facility_claim,
    open_reimbursement,
    submit,
)
from iuran.core.claims.listing import claims_of_facility, claims_of_family
from iuran.core.claims.papers import DocumentsMissingError, add_document, documents_missing
from iuran.core.claims.records import (
    Act,
    ClaimKey,
    ClaimStepError,
    ClaimUnknownError,
    claim_of,
    history_of,
)
from iuran.core.claims.states import STEPS, ClaimKind, ClaimState
from iuran.core.claims.verification import (
    Decided,
    NotCoveredError,
    TooLateToReturnError,
    ask,
    decide,
    dispute,
    propose_approval,
    propose_rejection,
    record_complete,
    record_incomplete,
    resume,
)
from iuran.core.database.pool import Connection, Pool
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.core.families import RegisteredFamily
from iuran.core.money import Rupiah
from iuran.core.second_person import NothingToApproveError, SecondPersonError
from iuran.core.working_days import is_working_day
from tests.care_builders import HOSPITAL, a_member, an_emergency_stay
from tests.moments import wib

SHA = "0" * 64
ANI = Act(by="ani", reason="as found", at=wib(2026, 3, 2))
BUDI = replace(ANI, by="budi")


async def a_claim(
    connection: Connection, family: RegisteredFamily, *, documents: bool = True
) -> ClaimKey:
    """A hospital's draft for an emergency stay of 2 February 2026, opened by `rs`."""
    letter = await an_emergency_stay(
        connection, family, at=wib(2026, 2, 2), estimated_tariff=2_800_000
    )
    claim = NewFacilityClaim(
        family_id=family.family_id,
        care_number=letter.letter_number,
        served_on=date(2026, 2, 5),
        amount=Rupiah(2_800_000),
    )
    key = await open_facility_claim(connection, claim, by="rs", at=wib(2026, 2, 6))
    if documents:
        for document in ("MEDICAL_RESUME", "PROOF_OF_SERVICE"):
            await add_document(connection, key, document, sha256=SHA, by="rs", at=wib(2026, 2, 6))
    return key


async def submitted(connection: Connection, key: ClaimKey) -> ClaimKey:
    await submit(connection, key, Act(by="rs", reason="monthly", at=wib(2026, 3, 1)))
    return key


async def verified(connection: Connection, key: ClaimKey) -> ClaimKey:
    await record_complete(connection, await submitted(connection, key), ANI)
    await propose_approval(connection, key, Rupiah(2_500_000), ANI)
    return key


def a_reimbursement(family: RegisteredFamily, served_on: date) -> NewReimbursement:
    return NewReimbursement(
        family_id=family.family_id,
        participant_id=family.participants[0].participant_id,
        facility_code=HOSPITAL,
        care_type=CareType.RJTL,
        served_on=served_on,
        amount=Rupiah(400_000),
        is_emergency=True,
    )


async def test_two_persons_take_a_claim_from_draft_to_approval(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    async with pool.acquire() as connection:
        key = await verified(connection, await a_claim(connection, family))
        for taken_part in ("ani", "rs"):
            with pytest.raises(SecondPersonError):
                await decide(connection, key, Decided(accepts=True), replace(BUDI, by=taken_part))
        claim = await decide(connection, key, Decided(accepts=True), BUDI)
        history = await history_of(connection, key)
        with pytest.raises(NothingToApproveError):
            await decide(connection, key, Decided(accepts=True), BUDI)

    assert (claim.state, claim.amount_verified) == (ClaimState.APPROVED, 2_500_000)
    assert (claim.complete_on, claim.pay_by) == (date(2026, 3, 2), date(2026, 3, 17))
    assert [(event.was, event.state, event.by_whom) for event in history] == [
        (None, "DRAFT", "rs"),
        ("DRAFT", "SUBMITTED", "rs"),
        ("SUBMITTED", "VERIFYING", "ani"),
        ("VERIFYING", "VERIFYING", "ani"),
        ("VERIFYING", "APPROVED", "budi"),
    ]


@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE claim SET state = 'APPROVED', decided_by = verified_by",
        "UPDATE claim SET state = 'APPROVED', decided_by = opened_by",
        "UPDATE claim SET state = 'APPROVED'",
        "UPDATE claim SET state = 'REJECTED', decided_by = 'budi'",
        (
            "UPDATE claim SET state = 'APPROVED', decided_by = 'budi', proposal = NULL,"
            " verified_by = NULL, amount_verified = NULL"
        ),
        "UPDATE claim SET amount_verified = amount_claimed + 1",
    ],
)
async def test_the_database_itself_wants_two_persons(pool: Pool, forgery: str) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    async with pool.acquire() as connection:
        await verified(connection, await a_claim(connection, family))

        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(forgery)


async def test_a_proposal_may_be_sent_back_and_a_rejection_disputed(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    async with pool.acquire() as connection:
        key = await verified(connection, await a_claim(connection, family))
        back = await decide(connection, key, Decided(accepts=False), BUDI)
        await ask(connection, key, ANI)
        await resume(connection, key, ANI)
        with pytest.raises(InvalidInputError):
            await propose_rejection(connection, key, ANI, exclusion="BECAUSE")
        await propose_rejection(connection, key, ANI, exclusion="TRAFFIC_ACCIDENT")
        rejected = await decide(connection, key, Decided(accepts=True), BUDI)
        await dispute(connection, key, replace(ANI, by="rs"))
        again = await resume(connection, key, ANI)

    assert (back.state, back.proposal) == (ClaimState.VERIFYING, None)
    assert (rejected.state, rejected.exclusion) == (ClaimState.REJECTED, "TRAFFIC_ACCIDENT")
    assert (again.state, again.decided_by) == (ClaimState.VERIFYING, None)


async def test_up_to_day_10_an_incomplete_claim_comes_back_with_all_its_documents(
    pool: Pool,
) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    async with pool.acquire() as connection:
        key = await submitted(connection, await a_claim(connection, family, documents=False))
        claim = await claim_of(connection, key, today=date(2026, 3, 2))
        missing = await documents_missing(connection, claim)
        with pytest.raises(ClaimStepError):
            await add_document(connection, key, "OTHER", sha256=SHA, by="rs", at=ANI.at)
        with pytest.raises(DocumentsMissingError):
            await record_complete(connection, key, ANI)
        await record_incomplete(connection, key, replace(ANI, at=wib(2026, 3, 11, 23, 59)))
        added_at = wib(2026, 3, 12)
        with pytest.raises(InvalidInputError):
            await add_document(connection, key, "OTHER", sha256="?", by="rs", at=added_at)
        for document in missing:
            await add_document(connection, key, document, sha256=SHA, by="rs", at=added_at)
        complete = await record_complete(connection, key, replace(ANI, at=wib(2026, 3, 14)))

    assert missing == {"MEDICAL_RESUME", "PROOF_OF_SERVICE"}
    assert (complete.state, complete.complete_on) == (ClaimState.VERIFYING, date(2026, 3, 14))


async def test_ten_days_of_silence_make_a_claim_complete(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    async with pool.acquire() as connection:
        key = await submitted(connection, await a_claim(connection, family, documents=False))
        on_day_10 = await claim_of(connection, key, today=date(2026, 3, 11))
        on_day_11 = await claim_of(connection, key, today=date(2026, 3, 12))
        nothing = await close_deadlines(connection, at=wib(2026, 3, 11, 23, 59))
        one = await close_deadlines(connection, at=wib(2026, 3, 12, 0, 1))
        again = await close_deadlines(connection, at=wib(2026, 3, 12, 0, 1))
        history = await history_of(connection, key)
        with pytest.raises(TooLateToReturnError):
            await record_incomplete(connection, key, replace(ANI, at=wib(2026, 3, 12)))

    assert (on_day_10.state, on_day_11.state) == (ClaimState.SUBMITTED, ClaimState.VERIFYING)
    assert (on_day_11.complete_on, on_day_11.pay_by) == (date(2026, 3, 11), date(2026, 3, 26))
    assert (nothing, one, again) == (0, 1, 0)
    assert (history[-1].by_whom, history[-1].state) == ("SILENCE", "VERIFYING")


async def test_a_draft_expires_six_months_after_the_service(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    async with pool.acquire() as connection:
        late, in_time = [
            await open_reimbursement(
                connection,
                a_reimbursement(family, date(2026, 2, 28)),
                by="peserta",
                at=wib(2026, 3, 1),
            )
            for _ in range(2)
        ]
        act = Act(by="peserta", reason="late", at=wib(2026, 8, 28, 23, 59))
        await submit(connection, in_time, act)
        with pytest.raises(ClaimStepError):
            await submit(connection, late, replace(act, at=wib(2026, 8, 29, 0, 1)))
        await close_deadlines(connection, at=wib(2026, 8, 29, 0, 1))
        states = [
            (await claim_of(connection, key, today=date(2026, 8, 29))).state
            for key in (late, in_time)
        ]

    assert states == [ClaimState.EXPIRED, ClaimState.SUBMITTED]


async def test_care_is_claimed_once_and_after_it_was_given(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    async with pool.acquire() as connection:
        key = await a_claim(connection, family)
        claim = await claim_of(connection, key, today=date(2026, 2, 6))
        assert claim.letter_number is not None
        again = NewFacilityClaim(
            family_id=family.family_id,
            care_number=claim.letter_number,
            served_on=date(2026, 2, 5),
            amount=Rupiah(1),
        )
        refusals = (
            (again, AlreadyRegisteredError),
            (replace(again, served_on=date(2026, 2, 2)), AlreadyRegisteredError),
            (replace(again, served_on=date(2026, 2, 6)), AlreadyRegisteredError),
            (replace(again, served_on=date(2026, 2, 1)), ServedLaterError),
            (replace(again, served_on=date(2026, 2, 7)), ServedLaterError),
            (replace(again, amount=Rupiah(0)), InvalidInputError),
            (replace(again, care_number="9901R0010226V999999"), PaperUnknownError),
        )
        for wrong, error in refusals:
            with pytest.raises(error):
                await open_facility_claim(connection, wrong, by="rs", at=wib(2026, 2, 6))
        with pytest.raises(ClaimUnknownError):
            await claim_of(connection, replace(key, claim_id=0), today=date(2026, 2, 6))


async def test_a_participants_claim_needs_cover_on_its_day(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    async with pool.acquire() as connection:
        results: list[str] = []
        for served_on in (date(2026, 1, 19), date(2026, 1, 20), date(2026, 3, 1)):
            key = await open_reimbursement(
                connection,
                a_reimbursement(family, served_on),
                by="peserta",
                at=wib(2026, 3, 1),
            )
            for document in ("CARD", "PRESCRIPTION", "PROOF_OF_PAYMENT"):
                await add_document(
                    connection, key, document, sha256=SHA, by="peserta", at=wib(2026, 3, 1)
                )
            await record_complete(connection, await submitted(connection, key), ANI)
            try:
                await propose_approval(connection, key, Rupiah(400_000), ANI)
            except NotCoveredError as refusal:
                results.append(refusal.code)
            else:
                results.append("COVERED")

    assert results == ["CARE_NOT_COVERED", "COVERED", "CARE_NOT_COVERED"]


async def test_claims_are_listed_page_by_page_as_they_stand(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    async with pool.acquire() as connection:
        keys = [await a_claim(connection, family) for _ in range(3)]
        await open_reimbursement(
            connection,
            a_reimbursement(family, date(2026, 2, 1)),
            by="peserta",
            at=wib(2026, 2, 2),
        )
        day = date(2026, 8, 6)

        mine = await claims_of_family(connection, family.family_id, today=day)
        first = await claims_of_facility(connection, HOSPITAL, today=day, limit=2)
        rest = await claims_of_facility(
            connection, HOSPITAL, today=day, after=first[-1].claim_id, limit=2
        )

    assert [claim.key for claim in (*first, *rest)] == keys
    assert [claim.state for claim in mine] == [ClaimState.EXPIRED] * 4


async def test_of_many_deciders_at_once_one_decides(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    async with pool.acquire() as connection:
        key = await verified(connection, await a_claim(connection, family))

    async def try_it(number: int) -> bool:
        async with pool.acquire() as connection, connection.transaction():
            try:
                act = replace(BUDI, by=f"officer {number}")
                await decide(connection, key, Decided(accepts=number % 2 == 0), act)
            except NothingToApproveError:
                return False
            return True

    done = await asyncio.gather(*(try_it(number) for number in range(8)))

    assert sum(done) == 1


def test_every_kind_of_claim_names_its_documents() -> None:
    planned = documents_needed(ClaimKind.REIMBURSEMENT, CareType.RITL, is_emergency=False)
    emergency = documents_needed(ClaimKind.REIMBURSEMENT, CareType.RJTL, is_emergency=True)

    assert planned == {"CARD", "MEDICAL_RECORD", "PROOF_OF_PAYMENT", "REFERRAL", "KTP_COPY"}
    assert emergency == {"CARD", "PRESCRIPTION", "PROOF_OF_PAYMENT"}
    assert all(
        documents_needed(kind, care_type, is_emergency=False)
        for kind in ClaimKind
        for care_type in CareType
    )


def test_the_law_excludes_21_services() -> None:
    assert len(exclusions()) == 21
    assert [e.confidence for e in exclusions().values()].count("C") == 13


def test_every_state_can_be_reached_from_a_draft() -> None:
    reached = {ClaimState.DRAFT}
    for _ in ClaimState:
        reached |= {state for start in reached for state in STEPS[start]}

    assert reached == set(ClaimState)


@given(
    st.dates(date(2018, 12, 1), date(2028, 12, 31)),
    st.sampled_from(ClaimKind),
    st.sampled_from(CareType),
)
def test_deadlines_agree_with_counting_days(
    day: date, kind: ClaimKind, care_type: CareType
) -> None:
    due = pay_by(kind, care_type, complete_on=day)

    between = [day + timedelta(n) for n in range(1, (due - day).days + 1)]
    if kind is ClaimKind.REIMBURSEMENT:
        assert sum(map(is_working_day, between)) == 10
        assert complete_by_silence_on(kind, day) is None
    else:
        advanced = care_type.value.endswith("L")
        assert (len(between) if advanced else sum(map(is_working_day, between))) == 15
        assert complete_by_silence_on(kind, day) == day + timedelta(days=10)
    last = expires_on(day)
    assert (last.year * 12 + last.month) - (day.year * 12 + day.month) == 6
    assert last.day == day.day or (last + timedelta(days=1)).day == 1


@given(st.dates(date(2019, 1, 1), date(2027, 12, 31)), st.integers(0, 400))
def test_each_month_late_costs_one_per_cent(due: date, days: int) -> None:
    paid_on = due + timedelta(days=days)

    months = months_late(due, paid_on=paid_on)
    amount = late_compensation(
        ClaimKind.FACILITY,
        CareType.RJTP,
        Rupiah(1_000_000),
        pay_by_day=due,
        paid_on=paid_on,
    )

    assert amount == months * 10_000
    assert (months == 0) == (days == 0)
    assert months * 28 - 28 < days or months == 0
    assert months * 31 >= days


def test_a_hospital_gets_nothing_for_late_payment() -> None:
    amount = late_compensation(
        ClaimKind.FACILITY,
        CareType.RITL,
        Rupiah(1_000_000),
        pay_by_day=date(2026, 1, 1),
        paid_on=date(2026, 6, 1),
    )

    assert amount == 0
