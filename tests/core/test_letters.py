import asyncio
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.care.care_types import CareType
from iuran.core.care.certificates import (
    InabilityCertificate,
    approve_certificate,
    record_certificate,
)
from iuran.core.care.letters import (
    LetterUnknownError,
    discharge,
    fine_standing,
    issue_letter,
)
from iuran.core.care.numbers import (
    CareNumber,
    NoSerialLeftError,
    PaperKind,
    find_by_care_number,
    next_care_number,
    parse_care_number,
)
from iuran.core.care.referrals import NewReferral, WrongTierError, issue_referral
from iuran.core.care.refusals import NotEligibleError
from iuran.core.database.pool import Connection, Pool
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.core.months import CoverageMonth
from iuran.core.second_person import NothingToApproveError, SecondPersonError
from tests.builders import a_channel, a_family, an_active_family, pays_what_it_owes
from tests.care_builders import (
    CLINIC,
    HOSPITAL,
    a_member,
    a_reactivated_member,
    a_referral,
    a_request,
    an_emergency_stay,
    facilities,
)
from tests.moments import wib


@given(
    st.from_regex(r"\A[0-9]{4}[0-9A-Z][0-9]{3}\Z"),
    st.integers(2014 * 12, 2099 * 12 + 11),
    st.sampled_from(PaperKind),
    st.integers(1, 999_999),
)
def test_a_number_is_read_as_it_was_written(
    code: str, month: int, kind: PaperKind, serial: int
) -> None:
    number = CareNumber(
        facility_code=code,
        month=CoverageMonth.of_ordinal(month),
        kind=kind,
        serial=serial,
    )

    assert len(str(number)) == 19
    assert parse_care_number(str(number)) == number


@pytest.mark.parametrize(
    "text", ["", "9901R0011326V000001", "9901R0010326X000001", "9901R0010326V00001"]
)
def test_a_number_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_care_number(text)


async def test_a_letter_has_the_number_of_its_hospital_and_month(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))

    async with pool.acquire() as connection:
        referral = await a_referral(connection, family, at=wib(2026, 1, 21))
        letters = [
            await issue_letter(
                connection,
                a_request(
                    family,
                    starts_at=at,
                    care_type=CareType.RJTL,
                    referral_number=referral,
                    estimated_tariff=0,
                ),
                diagnosis_code="E11",
                by="rs",
                at=at,
            )
            for at in (wib(2026, 1, 31, 23, 59), wib(2026, 2, 1, 0, 1), wib(2026, 2, 2))
        ]
        found = await find_by_care_number(connection, letters[0].letter_number)
        standing = await fine_standing(connection, family.family_id, letters[0].letter_number)

    assert [letter.letter_number for letter in letters] == [
        "9901R0010126V000001",
        "9901R0010226V000001",
        "9901R0010226V000002",
    ]
    assert found == family.family_id
    assert (standing.amount, standing.exemption) == (0, "OUTPATIENT")
    assert standing.is_covered_at(wib(2026, 9, 1)) is True


async def test_letters_issued_at_once_have_different_numbers(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))

    async def stay() -> str:
        async with pool.acquire() as connection:
            letter = await an_emergency_stay(
                connection, family, at=wib(2026, 2, 2), estimated_tariff=1
            )
        return letter.letter_number

    numbers = await asyncio.gather(*(stay() for _ in range(12)))

    assert len(set(numbers)) == 12


async def test_a_month_has_999_999_numbers(connection: Connection) -> None:
    await connection.execute(
        "INSERT INTO care_number_counter (facility_code, kind, month, last_serial)"
        " VALUES ($1, 'V', $2, 999998)",
        HOSPITAL,
        CoverageMonth(2026, 3).ordinal,
    )

    async def number() -> str:
        return await next_care_number(
            connection,
            PaperKind.LETTER,
            family_id=1,
            facility_code=HOSPITAL,
            on=date(2026, 3, 1),
        )

    assert (await number()).endswith("V999999")
    with pytest.raises(NoSerialLeftError):
        await number()


async def test_two_stays_in_one_window_are_fined_each_by_itself(pool: Pool) -> None:
    family, _ = await a_reactivated_member(
        pool, first_payment_at=wib(2025, 8, 20), reactivated_at=wib(2026, 3, 1)
    )
    stays = [(wib(2026, 3, 10), 2_800_000), (wib(2026, 4, 12), 2_474_800)]
    stays.append((wib(2026, 4, 16), 2_800_000))

    async with pool.acquire() as connection:
        letters = [
            await an_emergency_stay(connection, family, at=at, estimated_tariff=tariff)
            for at, tariff in stays
        ]
        found = [
            await fine_standing(connection, family.family_id, letter.letter_number)
            for letter in letters
        ]

    assert [standing.amount for standing in found] == [840_000, 742_440, 0]
    assert [standing.exemption for standing in found] == [None, None, "AFTER_WINDOW"]
    assert {standing.debtor for standing in found} == {"FAMILY"}


@pytest.mark.parametrize(
    ("segment", "exemption", "debtor", "amount"),
    [
        ("PBI_APBN", "PBI_OR_PEMDA", "FAMILY", 0),
        ("PBPU_PEMDA", "PBI_OR_PEMDA", "FAMILY", 0),
        ("PPU_ENTERPRISE", None, "EMPLOYER", 520_250),
        ("BP_SELF", None, "FAMILY", 520_250),
    ],
)
async def test_the_segment_says_who_owes_a_fine(
    pool: Pool, segment: str, exemption: str | None, debtor: str, amount: int
) -> None:
    family, _ = await a_reactivated_member(
        pool, first_payment_at=wib(2026, 1, 20), reactivated_at=wib(2026, 4, 8)
    )
    async with pool.acquire() as connection:
        await connection.execute("UPDATE membership SET segment = $1", segment)
        letter = await an_emergency_stay(
            connection, family, at=wib(2026, 4, 20), estimated_tariff=5_202_500
        )
        standing = await fine_standing(connection, family.family_id, letter.letter_number)

    assert (standing.exemption, standing.debtor, standing.amount) == (exemption, debtor, amount)


async def test_a_second_reactivation_replaces_the_window(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await facilities(connection)
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)
    )
    for at in (wib(2026, 2, 20), wib(2026, 4, 3)):
        await pays_what_it_owes(pool, channel, account, at=at)

    async with pool.acquire() as connection:
        letters = [
            await an_emergency_stay(connection, family, at=at, estimated_tariff=2_800_000)
            for at in (wib(2026, 3, 31), wib(2026, 4, 10), wib(2026, 5, 18), wib(2026, 5, 19))
        ]
        found = [
            await fine_standing(connection, family.family_id, letter.letter_number)
            for letter in letters
        ]

    assert [standing.amount for standing in found] == [140_000, 140_000, 140_000, 0]


async def test_a_discharge_ends_the_time_to_pay(pool: Pool) -> None:
    family, _ = await a_reactivated_member(
        pool, first_payment_at=wib(2025, 12, 20), reactivated_at=wib(2026, 3, 1)
    )
    async with pool.acquire() as connection:
        letter = await an_emergency_stay(
            connection, family, at=wib(2026, 3, 3, 15), estimated_tariff=2_800_000
        )
        key = (connection, family.family_id, letter.letter_number)
        open_fine = await fine_standing(*key)
        with pytest.raises(LetterUnknownError):
            await discharge(*key, discharged_at=wib(2026, 3, 3, 14), by="rs", at=wib(2026, 3, 4))
        await discharge(*key, discharged_at=wib(2026, 3, 4), by="rs", at=wib(2026, 3, 4))
        with pytest.raises(AlreadyRegisteredError):
            await discharge(*key, discharged_at=wib(2026, 3, 5), by="rs", at=wib(2026, 3, 5))
        closed = await fine_standing(*key)
        with pytest.raises(LetterUnknownError):
            await fine_standing(connection, family.family_id, "9901R0010326V999999")

    assert open_fine.pay_by == letter.pay_by == wib(2026, 3, 6, 15)
    assert closed.pay_by == wib(2026, 3, 4)
    assert [closed.is_covered_at(wib(2026, 3, day)) for day in (4, 5)] == [None, False]


async def test_a_letter_of_inability_frees_class_iii_once_approved(pool: Pool) -> None:
    family, _ = await a_reactivated_member(
        pool, first_payment_at=wib(2025, 7, 20), reactivated_at=wib(2026, 3, 1)
    )
    certificate = InabilityCertificate(
        family_id=family.family_id,
        certificate_number="DINSOS/1",
        issued_by="Dinas Sosial Kota Contoh",
        first_day=date(2026, 3, 1),
        last_day=date(2026, 12, 31),
    )

    async with pool.acquire() as connection:
        await record_certificate(connection, certificate, by="ani", at=wib(2026, 3, 2))
        before = await an_emergency_stay(
            connection, family, at=wib(2026, 3, 10), estimated_tariff=2_800_000
        )
        with pytest.raises(SecondPersonError):
            await approve_certificate(
                connection, family.family_id, "DINSOS/1", by="ani", at=wib(2026, 3, 10)
            )
        await approve_certificate(
            connection, family.family_id, "DINSOS/1", by="budi", at=wib(2026, 3, 10)
        )
        with pytest.raises(NothingToApproveError):
            await approve_certificate(
                connection, family.family_id, "DINSOS/2", by="budi", at=wib(2026, 3, 10)
            )
        after = await an_emergency_stay(
            connection, family, at=wib(2026, 3, 11), estimated_tariff=2_800_000
        )
        found = [
            await fine_standing(connection, family.family_id, letter.letter_number)
            for letter in (before, after)
        ]

    assert [standing.exemption for standing in found] == [None, "CERTIFIED_UNABLE"]
    assert [standing.amount > 0 for standing in found] == [True, False]


async def test_papers_of_the_wrong_kind_are_refused(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    at = wib(2026, 2, 2)

    async with pool.acquire() as connection:
        for request, field in (
            (a_request(family, starts_at=at, care_type=CareType.RITP), "careType"),
            (a_request(family, starts_at=at, estimated_tariff=0), "estimatedTariff"),
            (a_request(family, starts_at=wib(2026, 2, 2, 9, 1)), "startsAt"),
        ):
            with pytest.raises(InvalidInputError, match=field):
                await issue_letter(connection, request, diagnosis_code="E11", by="rs", at=at)
        with pytest.raises(InvalidInputError, match="diagnosisCode"):
            await issue_letter(
                connection,
                a_request(family, starts_at=at, is_emergency=True),
                diagnosis_code="flu",
                by="rs",
                at=at,
            )
        with pytest.raises(NotEligibleError, match="NO_VALID_REFERRAL"):
            await issue_letter(
                connection, a_request(family, starts_at=at), diagnosis_code="E11", by="rs", at=at
            )


async def test_a_referral_goes_up_one_tier(connection: Connection) -> None:
    await facilities(connection)
    wrong = NewReferral(
        family_id=1,
        participant_id=1,
        from_facility_code=HOSPITAL,
        to_facility_code=CLINIC,
        diagnosis_code="E11",
    )

    with pytest.raises(WrongTierError):
        await issue_referral(connection, wrong, by="dokter", at=wib(2026, 2, 2))
