"""Care that the invented families were given: referrals, letters (SEP) and claims in every state.

Whatever is here happened on days before now; each claim waits for somebody else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from iuran.core.care.care_types import CareType
from iuran.core.care.eligibility import NO_TARIFF, CareRequest
from iuran.core.care.letters import discharge, issue_letter
from iuran.core.care.referrals import NewReferral, issue_referral
from iuran.core.claims.documents import documents_needed
from iuran.core.claims.filing import (
    NewFacilityClaim,
    NewReimbursement,
    open_facility_claim,
    open_reimbursement,
    submit,
)
from iuran.core.claims.papers import add_document
from iuran.core.claims.records import Act, ClaimKey
from iuran.core.claims.states import ClaimKind
from iuran.core.claims.verification import (
    Decided,
    ask,
    decide,
    propose_approval,
    propose_rejection,
    record_complete,
    record_incomplete,
)
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.deploy.demo_people import Living
from iuran.graphql.demo_issuer import DEMO_FACILITY
from iuran.payments.care_money import pay_claim

CLINIC = "99010101"
HOSPITAL_DESK = "demo-hospital"
VERIFIER = "demo-verifier"
DECIDER = "demo-decider"
_MISSING = "PROOF_OF_PAYMENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Care:
    """Care at the hospital some days ago; with a tariff, in rupiah, it is a stay."""

    family: Living
    member: int
    diagnosis: str
    days_ago: int
    hours_ago: int = 0
    tariff: Rupiah = NO_TARIFF
    referral_number: str | None = None

    @property
    def care_type(self) -> CareType:
        return CareType.RITL if self.tariff else CareType.RJTL


async def give_care(connection: Connection, *, now: datetime) -> None:
    """Let the hospital treat people of the demonstration and claim for it."""
    healthy = await Living.of(connection, 5)
    await _paid_claim(connection, healthy, now=now)
    await _claim_to_approve(connection, healthy, now=now)
    await _submitted_claim(connection, await Living.of(connection, 6), now=now)
    await _questioned_claim(connection, await Living.of(connection, 10), now=now)
    await _rejected_claim(connection, await Living.of(connection, 13), now=now)
    await _draft(connection, await Living.of(connection, 12), now=now)
    await _fined_stay(connection, await Living.of(connection, 4), now=now)
    await _reimbursement(connection, await Living.of(connection, 1), now=now)


async def _paid_claim(connection: Connection, family: Living, *, now: datetime) -> None:
    """Outpatient care by referral, verified by one person, approved by another, and paid."""
    referral = await issue_referral(
        connection,
        NewReferral(
            family_id=family.family_id,
            participant_id=family.head,
            from_facility_code=CLINIC,
            to_facility_code=DEMO_FACILITY,
            diagnosis_code="E11.9",
        ),
        by="demo-clinic",
        at=now - timedelta(days=42),
    )
    care = _Care(
        family=family,
        member=family.head,
        diagnosis="E11.9",
        days_ago=40,
        referral_number=referral.referral_number,
    )
    amount = Rupiah(650_000)
    key = await _submitted(connection, care, amount, now=now)
    await _verified(connection, key, amount, days_ago=33, now=now)
    await decide(connection, key, Decided(accepts=True), _act(DECIDER, "as verified", 32, now))
    await pay_claim(connection, key, by=DECIDER, at=now - timedelta(days=28))


async def _claim_to_approve(connection: Connection, family: Living, *, now: datetime) -> None:
    """A stay of four days whose verified amount waits for another person."""
    care = _Care(
        family=family,
        member=family.members[1],
        diagnosis="A90",
        days_ago=12,
        tariff=Rupiah(4_200_000),
    )
    key = await _submitted(connection, care, Rupiah(4_200_000), now=now)
    await _verified(connection, key, Rupiah(3_900_000), days_ago=2, now=now)


async def _submitted_claim(connection: Connection, family: Living, *, now: datetime) -> None:
    """Emergency care whose claim nobody has looked at yet."""
    care = _Care(family=family, member=family.head, diagnosis="S52.5", days_ago=6)
    await _submitted(connection, care, Rupiah(870_000), now=now)


async def _questioned_claim(connection: Connection, family: Living, *, now: datetime) -> None:
    """A worker's care about which the verifier asked the hospital something."""
    care = _Care(family=family, member=family.head, diagnosis="J45.9", days_ago=15)
    key = await _submitted(connection, care, Rupiah(1_150_000), now=now)
    await record_complete(connection, key, _act(VERIFIER, "all papers are there", 9, now))
    await ask(connection, key, _act(VERIFIER, "Which of the two days was the nebuliser?", 8, now))


async def _rejected_claim(connection: Connection, family: Living, *, now: datetime) -> None:
    """Care that JKN does not cover, refused by two persons."""
    care = _Care(family=family, member=family.head, diagnosis="Z41.1", days_ago=25)
    key = await _submitted(connection, care, Rupiah(2_000_000), now=now)
    await record_complete(connection, key, _act(VERIFIER, "all papers are there", 20, now))
    await propose_rejection(
        connection,
        key,
        _act(VERIFIER, "not covered", 19, now),
        exclusion="AGAINST_PROCEDURE",
    )
    await decide(connection, key, Decided(accepts=True), _act(DECIDER, "so it is", 18, now))


async def _draft(connection: Connection, family: Living, *, now: datetime) -> None:
    """Care of three days ago whose claim the hospital has only begun."""
    care = _Care(family=family, member=family.members[1], diagnosis="H66.9", days_ago=3)
    await _opened(connection, care, Rupiah(320_000), now=now)


async def _fined_stay(connection: Connection, family: Living, *, now: datetime) -> None:
    """A stay that began today within a fine window; the fine waits to be paid."""
    care = _Care(
        family=family,
        member=family.head,
        diagnosis="K35.8",
        days_ago=0,
        hours_ago=1,
        tariff=Rupiah(6_000_000),
    )
    await _letter(connection, care, now=now)


async def _reimbursement(connection: Connection, family: Living, *, now: datetime) -> None:
    """What the family paid itself while it was insured; a paper of it is missing."""
    served_on = CoverageMonth.of(wib_date(now)).plus(-5).first_day.replace(day=20)
    key = await open_reimbursement(
        connection,
        NewReimbursement(
            family_id=family.family_id,
            participant_id=family.members[2],
            facility_code=DEMO_FACILITY,
            care_type=CareType.RJTL,
            served_on=served_on,
            amount=Rupiah(480_000),
            is_emergency=True,
        ),
        by="demo-counter",
        at=now - timedelta(days=9),
    )
    papers = documents_needed(ClaimKind.REIMBURSEMENT, CareType.RJTL, is_emergency=True)
    await _add(connection, key, papers - {_MISSING}, at=now - timedelta(days=9))
    await submit(connection, key, _act("demo-counter", "brought to the counter", 9, now))
    await record_incomplete(connection, key, _act(VERIFIER, "The receipt is missing", 4, now))


async def _letter(connection: Connection, care: _Care, *, now: datetime) -> str:
    starts_at = now - timedelta(days=care.days_ago, hours=care.hours_ago)
    request = CareRequest(
        family_id=care.family.family_id,
        participant_id=care.member,
        facility_code=DEMO_FACILITY,
        care_type=care.care_type,
        starts_at=starts_at,
        is_emergency=care.referral_number is None,
        referral_number=care.referral_number,
        estimated_tariff=care.tariff,
    )
    letter = await issue_letter(
        connection, request, diagnosis_code=care.diagnosis, by=HOSPITAL_DESK, at=starts_at
    )
    return letter.letter_number


async def _opened(
    connection: Connection, care: _Care, amount: Rupiah, *, now: datetime
) -> ClaimKey:
    number, served_at = await _letter(connection, care, now=now), now - timedelta(care.days_ago)
    opened_at = served_at + timedelta(days=2)
    if care.tariff:
        await discharge(
            connection,
            care.family.family_id,
            number,
            discharged_at=opened_at,
            by=HOSPITAL_DESK,
            at=opened_at,
        )
    claim = NewFacilityClaim(
        family_id=care.family.family_id,
        care_number=number,
        served_on=wib_date(served_at),
        amount=amount,
    )
    return await open_facility_claim(connection, claim, by=HOSPITAL_DESK, at=opened_at)


async def _submitted(
    connection: Connection, care: _Care, amount: Rupiah, *, now: datetime
) -> ClaimKey:
    key, days_ago = await _opened(connection, care, amount, now=now), care.days_ago - 3
    papers = documents_needed(ClaimKind.FACILITY, care.care_type, is_emergency=True)
    await _add(connection, key, papers, at=now - timedelta(days=days_ago))
    await submit(connection, key, _act(HOSPITAL_DESK, "for payment", days_ago, now))
    return key


async def _verified(
    connection: Connection, key: ClaimKey, amount: Rupiah, *, days_ago: int, now: datetime
) -> None:
    checked = _act(VERIFIER, "all papers are there", days_ago + 1, now)
    await record_complete(connection, key, checked)
    proposed = _act(VERIFIER, "as the tariff says", days_ago, now)
    await propose_approval(connection, key, amount, proposed)


async def _add(
    connection: Connection, key: ClaimKey, papers: frozenset[str], *, at: datetime
) -> None:
    for paper in sorted(papers):
        fingerprint = sha256(f"{key.claim_id} {paper}".encode()).hexdigest()
        await add_document(connection, key, paper, sha256=fingerprint, by="demo-scanner", at=at)


def _act(by: str, reason: str, days_ago: int, now: datetime) -> Act:
    return Act(by=by, reason=reason, at=now - timedelta(days=days_ago))
