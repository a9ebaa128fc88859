"""What hospitals, families and verifiers do for care, and complaints of it."""

from typing import Any

from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from tests.care_builders import CLINIC, HOSPITAL, facilities
from tests.graphql.happy.world import Happy, World, another_person, row
from tests.moments import wib

AT_HOSPITAL: dict[str, Any] = {"role": Role.FACILITY, "token": {"facility": HOSPITAL}}
AT_CLINIC: dict[str, Any] = {"role": Role.FACILITY, "token": {"facility": CLINIC}}
OTHER_CLAIM = {"claimId": id_of("Claim", 555, 1)}
SHA = "0" * 64


async def the_facilities(world: World) -> None:
    async with world.pool.acquire() as connection:
        await facilities(connection)


def a_stay(world: World) -> dict[str, Any]:
    return {
        "cardNumber": world.insured.card,
        "careType": "RITL",
        "isEmergency": True,
        "diagnosisCode": "A01.0",
        "estimatedTariff": "2800000",
    }


async def letter_of(world: World) -> str:
    """A letter of an emergency stay, issued by the hospital."""
    await the_facilities(world)
    issued = await world.did(
        "issueEligibilityLetter",
        a_stay(world),
        "letterNumber",
        role=Role.FACILITY,
        facility=HOSPITAL,
        subject="rs",
    )
    return str(issued["letterNumber"])


@row
async def issue_eligibility_letter(world: World) -> Happy:
    await the_facilities(world)
    return Happy(
        given=a_stay(world),
        another={"diagnosisCode": "A01.1"},
        effect="SELECT count(*) FROM eligibility_letter",
        became=1,
        **AT_HOSPITAL,
    )


@row
async def record_visit(world: World) -> Happy:
    await the_facilities(world)
    return Happy(
        given={"cardNumber": world.insured.card, "careType": "RJTP"},
        another={"isEmergency": True},
        effect="SELECT count(*) FROM facility_visit",
        became=1,
        **AT_CLINIC,
    )


@row
async def issue_referral(world: World) -> Happy:
    await the_facilities(world)
    return Happy(
        given={
            "cardNumber": world.insured.card,
            "toFacilityCode": HOSPITAL,
            "diagnosisCode": "E11.9",
        },
        another={"diagnosisCode": "E11.8"},
        effect="SELECT count(*) FROM referral",
        became=1,
        **AT_CLINIC,
    )


@row
async def record_discharge(world: World) -> Happy:
    letter = await letter_of(world)
    world.clock.set(wib(2026, 1, 7))
    return Happy(
        given={"letterNumber": letter, "dischargedAt": "2026-01-06T09:00:00+07:00"},
        another={"dischargedAt": "2026-01-06T10:00:00+07:00"},
        effect="SELECT count(*) FROM discharge",
        became=1,
        **AT_HOSPITAL,
    )


async def a_draft(world: World) -> dict[str, Any]:
    """The draft of the hospital's claim for a stay."""
    letter = await letter_of(world)
    world.clock.set(wib(2026, 1, 7))
    given = {"careNumber": letter, "servedOn": "2026-01-06", "amount": "2800000"}
    opened = await world.did(
        "openFacilityClaim", given, "claimId", role=Role.FACILITY, facility=HOSPITAL, subject="rs"
    )
    return {"claimId": opened["claimId"]}


async def a_submitted(world: World) -> dict[str, Any]:
    """A claim with all its documents at the verifier's."""
    claim = await a_draft(world)
    hospital: dict[str, Any] = {"role": Role.FACILITY, "facility": HOSPITAL, "subject": "rs"}
    for document in ("MEDICAL_RESUME", "PROOF_OF_SERVICE"):
        paper = {**claim, "document": document, "sha256": SHA}
        await world.did("attachClaimDocument", paper, **hospital)
    await world.did("submitClaim", claim, **hospital)
    return claim


async def a_verified(world: World) -> dict[str, Any]:
    """A claim whose documents `ani` found complete."""
    claim = await a_submitted(world)
    await world.did("recordClaimComplete", {**claim, "reason": "complete"})
    return claim


async def a_proposed(world: World) -> dict[str, Any]:
    claim = await a_verified(world)
    proposal = {**claim, "reason": "as found", "amount": "2500000"}
    await world.did("proposeClaimApproval", proposal)
    return claim


@row
async def open_facility_claim(world: World) -> Happy:
    letter = await letter_of(world)
    world.clock.set(wib(2026, 1, 7))
    return Happy(
        given={"careNumber": letter, "servedOn": "2026-01-06", "amount": "2800000"},
        another={"amount": "2900000"},
        effect="SELECT count(*) FROM claim WHERE kind = 'FACILITY'",
        became=1,
        **AT_HOSPITAL,
    )


@row
async def open_reimbursement(world: World) -> Happy:
    await the_facilities(world)
    return Happy(
        given={
            "participantId": world.insured.keys["participant"],
            "facilityCode": HOSPITAL,
            "careType": "RJTL",
            "servedOn": "2026-01-02",
            "amount": "250000",
            "isEmergency": True,
        },
        another={"amount": "260000"},
        effect="SELECT count(*) FROM claim WHERE kind = 'REIMBURSEMENT'",
        became=1,
        **world.own,
    )


@row
async def attach_claim_document(world: World) -> Happy:
    return Happy(
        given={**await a_draft(world), "document": "MEDICAL_RESUME", "sha256": SHA},
        another={"document": "PROOF_OF_SERVICE"},
        effect="SELECT count(*) FROM claim_document",
        became=1,
        **AT_HOSPITAL,
    )


def stepping(given: dict[str, Any], became: str, **who: Any) -> Happy:  # noqa: ANN401 - fields of Happy
    """A step of a claim with a reason, which takes it to a state."""
    return Happy(
        given={"reason": "as found", **given},
        another={"reason": "another reason"},
        effect="SELECT min(state) FROM claim",
        became=became,
        **who,
    )


@row
async def submit_claim(world: World) -> Happy:
    return Happy(
        given=await a_draft(world),
        another={"note": "again"},
        effect="SELECT min(state) FROM claim",
        became="SUBMITTED",
        **AT_HOSPITAL,
    )


@row
async def record_claim_complete(world: World) -> Happy:
    return stepping(await a_submitted(world), "VERIFYING")


@row
async def record_claim_incomplete(world: World) -> Happy:
    return stepping(await a_submitted(world), "INCOMPLETE")


@row
async def ask_about_claim(world: World) -> Happy:
    return stepping(await a_verified(world), "PENDING")


@row
async def dispute_claim(world: World) -> Happy:
    return stepping(await a_verified(world), "DISPUTED", **AT_HOSPITAL)


@row
async def resume_claim(world: World) -> Happy:
    claim = await a_verified(world)
    await world.did("askAboutClaim", {**claim, "reason": "which ward?"})
    return stepping(claim, "VERIFYING")


@row
async def propose_claim_approval(world: World) -> Happy:
    claim = await a_verified(world)
    return Happy(
        given={**claim, "reason": "as found", "amount": "2500000"},
        another={"amount": "2400000"},
        effect="SELECT min(amount_verified) FROM claim",
        became=2_500_000,
    )


@row
async def propose_claim_rejection(world: World) -> Happy:
    claim = await a_verified(world)
    return Happy(
        given={**claim, "reason": "not covered"},
        another={"reason": "another reason"},
        effect="SELECT min(proposal) FROM claim",
        became="REJECTED",
    )


@row
async def decide_claim(world: World) -> Happy:
    return stepping(
        {**await a_proposed(world), "accepts": True}, "APPROVED", token=another_person()
    )


@row
async def pay_claim(world: World) -> Happy:
    claim = await a_proposed(world)
    decision = {**claim, "reason": "agreed", "accepts": True}
    await world.did("decideClaim", decision, subject="budi")
    return Happy(
        given=claim,
        another=OTHER_CLAIM,
        effect="SELECT sum(amount)::bigint FROM claim_payment",
        became=2_500_000,
        role=Role.FINANCE_OFFICER,
        token={"subject": "citra"},
    )


def a_complaint() -> dict[str, Any]:
    return {
        "channel": "MOBILE",
        "category": "CONTRIBUTION",
        "reporterName": "SEKAR CONTOH",
        "reporterContact": "sekar@contoh.example",
        "text": "Iuran saya belum tercatat.",
    }


async def opened(world: World) -> dict[str, Any]:
    answer = await world.did("openComplaint", a_complaint(), "complaintId")
    return {"complaintId": answer["complaintId"]}


@row
async def open_complaint(world: World) -> Happy:
    return Happy(
        given=a_complaint(),
        another={"category": "SERVICE"},
        effect="SELECT min(reporter_family) FROM complaint",
        became=world.insured.family_id,
        **world.own,
    )


@row
async def assign_complaint(world: World) -> Happy:
    return Happy(
        given={**await opened(world), "to": "budi"},
        another={"to": "citra"},
        effect="SELECT min(assigned_to) FROM complaint",
        became="budi",
    )


@row
async def answer_complaint(world: World) -> Happy:
    complaint = await opened(world)
    await world.did("assignComplaint", {**complaint, "to": "ani"})
    return Happy(
        given={**complaint, "text": "Sudah tercatat."},
        another={"text": "Belum tercatat."},
        effect="SELECT min(answer) FROM complaint",
        became="Sudah tercatat.",
    )


@row
async def rate_service(world: World) -> Happy:
    return Happy(
        given={"subject": "CARE", "score": 5},
        another={"score": 1},
        effect="SELECT sum(score)::bigint FROM satisfaction",
        became=5,
        **world.own,
    )


CONTRACT = {
    "facilityCode": "99010103",
    "firstDay": "2026-01-05",
    "lastDay": "2026-12-31",
    "reason": "perjanjian 17",
}


def a_clinic() -> dict[str, Any]:
    return {
        "facilityCode": "99010103",
        "name": "Klinik Contoh",
        "level": "FKTP",
        "kind": "CLINIC",
        "district": "Kota Contoh",
        "province": "Provinsi Contoh",
        "address": "Jalan Contoh 3",
        "services": ["DENTAL"],
    }


@row
async def register_facility(_: World) -> Happy:
    return Happy(
        given=a_clinic(),
        another={"name": "Klinik Lain"},
        effect="SELECT count(*) FROM facility",
        became=1,
    )


@row
async def propose_facility_contract(world: World) -> Happy:
    await world.did("registerFacility", a_clinic())
    return Happy(
        given=dict(CONTRACT),
        another={"lastDay": "2026-06-30"},
        effect="SELECT count(*) FROM facility_contract",
        became=1,
    )


@row
async def approve_facility_contract(world: World) -> Happy:
    await world.did("registerFacility", a_clinic())
    await world.did("proposeFacilityContract", dict(CONTRACT))
    return Happy(
        given={"facilityCode": "99010103", "firstDay": "2026-01-05"},
        another={"firstDay": "2026-01-06"},
        effect="SELECT min(approved_by) FROM facility_contract",
        became="budi",
        token=another_person(),
    )
