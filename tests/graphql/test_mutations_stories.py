"""Mutations one after another, as an office, a hospital and a family send them."""

from typing import Any

from iuran.core.database.pool import Pool
from iuran.core.reminders.events import EVENTS
from iuran.graphql.identity import Role
from iuran.graphql.types.reminders import ReminderEvent
from tests.care_builders import facilities
from tests.graphql.conftest import Frontend, Insured
from tests.graphql.wishes import wished


async def test_a_removal_takes_effect_when_another_officer_approves_it(
    frontend: Frontend, insured: Insured, pool: Pool
) -> None:
    given = {
        "membershipId": insured.keys["membership"],
        "participantId": insured.keys["participant"],
        "leftOn": "2026-01-03",
        "reason": "family card of 3 January",
    }
    proposed = await wished(frontend, "removeMember", given, "proposalId", subject="ani")
    approval: dict[str, Any] = {"proposalId": proposed["proposalId"]}

    by_herself = await wished(frontend, "approveRemoval", approval, subject="ani")
    by_another = await wished(frontend, "approveRemoval", approval, subject="budi")

    assert by_herself["__typename"] == "SecondPersonNeeded"
    assert by_another["__typename"] == "ApproveRemovalPayload"
    gone = await pool.fetchval(
        "SELECT last_month FROM enrolment WHERE family_id = $1 AND participant_id = $2",
        insured.family_id,
        insured.registered.participants[0].participant_id,
    )
    assert gone == 2026 * 12


async def test_a_complaint_is_taken_in_assigned_and_answered_once(
    frontend: Frontend, insured: Insured
) -> None:
    complaint = {
        "channel": "MOBILE",
        "category": "CONTRIBUTION",
        "reporterName": "SEKAR CONTOH",
        "reporterContact": "sekar@contoh.example",
        "text": "Iuran saya belum tercatat.",
    }
    opened = await wished(
        frontend,
        "openComplaint",
        complaint,
        "complaintId",
        role=Role.PARTICIPANT,
        family_id=insured.family_id,
    )
    of: dict[str, Any] = {"complaintId": opened["complaintId"]}

    assigned = await wished(frontend, "assignComplaint", {**of, "to": "budi"})
    answered = await wished(frontend, "answerComplaint", {**of, "text": "Sudah tercatat."})
    again = await wished(frontend, "answerComplaint", {**of, "text": "Sudah tercatat."})

    assert assigned["__typename"] == "AssignComplaintPayload"
    assert answered["__typename"] == "AnswerComplaintPayload"
    assert again["__typename"] == "StepImpossible"


async def test_a_family_chooses_a_clinic_at_once_and_then_waits(
    frontend: Frontend, insured: Insured, pool: Pool
) -> None:
    async with pool.acquire() as connection:
        await facilities(connection)
    own: dict[str, Any] = {"role": Role.PARTICIPANT, "family_id": insured.family_id}
    given = {"participantId": insured.keys["participant"]}

    first = await wished(
        frontend, "chooseHomeFacility", {**given, "facilityCode": "99010101"}, "firstDay", **own
    )
    soon = await wished(
        frontend, "chooseHomeFacility", {**given, "facilityCode": "99010102"}, **own
    )

    assert first["firstDay"] == "2026-01-05"
    assert soon["__typename"] == "TooEarly"


async def test_a_draft_of_a_claim_is_not_submitted_without_being_ones_own(
    frontend: Frontend, insured: Insured, pool: Pool
) -> None:
    async with pool.acquire() as connection:
        await facilities(connection)
    given = {
        "participantId": insured.keys["participant"],
        "facilityCode": "9901R001",
        "careType": "RJTL",
        "servedOn": "2026-01-02",
        "amount": "250000",
        "isEmergency": True,
    }
    own: dict[str, Any] = {"role": Role.PARTICIPANT, "family_id": insured.family_id}
    draft = await wished(frontend, "openReimbursement", given, "claimId state", **own)
    claim: dict[str, Any] = {"claimId": draft["claimId"]}

    by_hospital = await wished(frontend, "submitClaim", claim, role=Role.FACILITY)
    by_stranger = await wished(
        frontend, "submitClaim", claim, role=Role.PARTICIPANT, family_id=987_654
    )
    submitted = await wished(frontend, "submitClaim", claim, "state", **own)

    assert draft["state"] == "DRAFT"
    assert by_hospital["__typename"] == by_stranger["__typename"] == "NotFound"
    assert submitted["state"] == "SUBMITTED"


async def test_a_secret_is_told_once_and_kept_nowhere_in_the_clear(
    frontend: Frontend, pool: Pool
) -> None:
    given = {
        "idempotencyKey": "0f8e8d7e-one-endpoint",
        "name": "family-app",
        "url": "https://app.example.org/jkn",
    }

    first = await wished(
        frontend, "addWebhookEndpoint", given, "secret endpoint { state }", role=Role.OPERATOR
    )
    again = await wished(
        frontend, "addWebhookEndpoint", given, "replayed secret", role=Role.OPERATOR
    )
    rotated = await wished(
        frontend, "rotateWebhookSecret", {"name": "family-app"}, "secret", role=Role.OPERATOR
    )
    kept = await pool.fetchval("SELECT string_agg(a::text, '') FROM mutation_answer AS a")

    assert first["secret"].startswith("whsec_")
    assert first["endpoint"] == {"state": "PROPOSED"}
    assert again == {"__typename": "AddWebhookEndpointPayload", "replayed": True, "secret": None}
    assert rotated["secret"] not in {first["secret"], None}
    assert first["secret"] not in kept
    assert rotated["secret"] not in kept


async def test_a_webhook_goes_nowhere_inside(frontend: Frontend) -> None:
    inside = {"name": "family-app", "url": "http://10.0.0.7/jkn"}

    refused = await wished(frontend, "addWebhookEndpoint", inside, role=Role.OPERATOR)

    assert refused["__typename"] == "InvalidInput"
    assert refused["path"] == ["input", "url"]


async def test_a_registration_shows_its_steps_and_what_is_late(
    frontend: Frontend, insured: Insured
) -> None:
    """Paid on 20 December: the card was due 14 days later, the day before yesterday."""
    given = {"membershipId": insured.keys["membership"], "step": "DOCUMENTS", "note": "KK, KTP"}
    selected = "membership { registrationSteps { step doneBy note deadline isLate } }"

    done = await wished(frontend, "recordRegistrationStep", given, selected, subject="ani")
    by_itself = await wished(frontend, "recordRegistrationStep", {**given, "step": "FIRST_PAYMENT"})
    steps = {one.pop("step"): one for one in done["membership"]["registrationSteps"]}

    assert list(steps) == [
        *("FORM", "DOCUMENTS", "VERIFICATION", "VIRTUAL_ACCOUNT", "FIRST_PAYMENT", "E_ID", "CARD")
    ]
    assert steps["DOCUMENTS"]["doneBy"] == "ani"
    assert steps["DOCUMENTS"]["note"] == "KK, KTP"
    assert steps["FIRST_PAYMENT"]["isLate"] is False
    assert steps["CARD"] == {
        "doneBy": None,
        "note": None,
        "deadline": "2026-01-03",
        "isLate": True,
    }
    assert by_itself["__typename"] == "InvalidInput"


async def test_a_sex_is_changed_by_the_name_that_the_schema_gives_it(
    frontend: Frontend, insured: Insured, pool: Pool
) -> None:
    given = {
        "participantId": insured.keys["participant"],
        "field": "SEX",
        "proof": "birth certificate 17",
        "askedBy": "bunga",
    }

    letter = await wished(frontend, "changeData", {**given, "value": "M"})
    name = await wished(frontend, "changeData", {**given, "value": "MALE"})

    assert letter["code"] == "INVALID_INPUT"
    assert name["__typename"] == "ChangeDataPayload"
    sexes = await pool.fetch("SELECT sex FROM participant ORDER BY participant_id")
    assert [one["sex"] for one in sexes] == ["M", "F"]


def test_every_event_of_the_schedule_has_a_name_in_the_schema() -> None:
    assert [one.value for one in ReminderEvent] == list(EVENTS)
