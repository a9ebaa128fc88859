"""Families and who belongs to them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from iuran.graphql.global_ids import id_of
from tests.care_builders import facilities
from tests.graphql.happy.world import (
    Happy,
    World,
    a_membership_since_2024,
    a_person,
    another_person,
    row,
)


@row
async def register_family(_: World) -> Happy:
    given = {
        "familyCardNumber": "9900000000001234",
        "careClass": "II",
        "participants": [a_person(relation="HEAD")],
    }
    return Happy(
        given=given,
        another={"careClass": "I"},
        effect="SELECT count(*) FROM family WHERE kk_number = '9900000000001234'",
        became=1,
    )


@row
async def change_care_class(world: World) -> Happy:
    membership = await a_membership_since_2024(world, paid_again=True)
    return Happy(
        given={"membershipId": membership, "careClass": "II"},
        another={"careClass": "I"},
        effect="SELECT min(class_after) FROM class_change",
        became=2,
    )


@row
async def add_member(world: World) -> Happy:
    return Happy(
        given={"membershipId": world.insured.keys["membership"], "person": a_person()},
        another={"person": a_person()},
        effect="SELECT count(*) FROM enrolment",
        became=3,
    )


@row
async def add_newborn(world: World) -> Happy:
    child = a_person(date(2026, 1, 2), "CHILD")
    return Happy(
        given={"membershipId": world.insured.keys["membership"], "person": child},
        another={"person": child | {"name": "MELATI CONTOH"}},
        effect="SELECT count(*) FROM enrolment",
        became=3,
    )


def leaving(world: World) -> dict[str, str]:
    return {
        "membershipId": world.insured.keys["membership"],
        "participantId": world.insured.keys["participant"],
        "leftOn": "2026-01-03",
        "reason": "certificate 17",
    }


@row
async def report_death(world: World) -> Happy:
    return Happy(
        given=leaving(world),
        another={"leftOn": "2026-01-02"},
        effect="SELECT count(*) FROM manual_change WHERE kind = 'DEATH'",
        became=1,
    )


@row
async def remove_member(world: World) -> Happy:
    return Happy(
        given=leaving(world),
        another={"leftOn": "2026-01-02"},
        effect="SELECT count(*) FROM manual_change WHERE kind = 'REMOVAL'",
        became=1,
    )


async def approving(world: World, mutation: str, given: Mapping[str, Any]) -> dict[str, str]:
    """What approves a proposal of `ani`."""
    proposed = await world.did(mutation, dict(given), "proposalId")
    return {"proposalId": proposed["proposalId"]}


@row
async def approve_death(world: World) -> Happy:
    return Happy(
        given=await approving(world, "reportDeath", leaving(world)),
        another={"proposalId": id_of("ManualChange", 555, 1)},
        effect="SELECT min(left_cause) FROM enrolment",
        became="DEATH",
        token=another_person(),
    )


@row
async def approve_removal(world: World) -> Happy:
    return Happy(
        given=await approving(world, "removeMember", leaving(world)),
        another={"proposalId": id_of("ManualChange", 555, 1)},
        effect="SELECT min(left_cause) FROM enrolment",
        became="REMOVAL",
        token=another_person(),
    )


@row
async def move_to_self_paid(world: World) -> Happy:
    leave = {"membershipId": world.insured.keys["membership"], "reason": "employed"}
    await world.did(
        "approveLeavingSegment", await approving(world, "leaveSegment", leave), subject="budi"
    )
    given = {
        "familyId": world.insured.keys["family"],
        "participantIds": [world.insured.keys["participant"]],
        "careClass": "III",
        "lastCoveredMonth": "2026-01",
    }
    return Happy(
        given=given,
        another={"catchesUp": False},
        effect="SELECT count(*) FROM segment_change",
        became=1,
    )


@row
async def leave_segment(world: World) -> Happy:
    return Happy(
        given={"membershipId": world.insured.keys["membership"], "reason": "employed"},
        another={"reason": "another"},
        effect="SELECT count(*) FROM manual_change WHERE kind = 'SEGMENT'",
        became=1,
    )


@row
async def approve_leaving_segment(world: World) -> Happy:
    leave = {"membershipId": world.insured.keys["membership"], "reason": "employed"}
    return Happy(
        given=await approving(world, "leaveSegment", leave),
        another={"proposalId": id_of("ManualChange", 555, 1)},
        effect="SELECT min(state) FROM membership",
        became="INACTIVE_SEGMENT_CHANGE",
        token=another_person(),
    )


@row
async def choose_home_facility(world: World) -> Happy:
    async with world.pool.acquire() as connection:
        await facilities(connection)
    return Happy(
        given={
            "participantId": world.insured.keys["participant"],
            "facilityCode": "99010101",
        },
        another={"facilityCode": "99010102"},
        effect="SELECT max(facility_code) FROM home_facility",
        became="99010101",
        **world.own,
    )


@row
async def change_data(world: World) -> Happy:
    return Happy(
        given={
            "participantId": world.insured.keys["participant"],
            "field": "NAME",
            "value": "BUNGA SARI CONTOH",
            "proof": "birth certificate 17",
            "askedBy": "bunga",
        },
        another={"value": "BUNGA MAWAR CONTOH"},
        effect="SELECT count(*) FROM participant WHERE name = 'BUNGA SARI CONTOH'",
        became=1,
    )


@row
async def set_contact_preference(world: World) -> Happy:
    return Happy(
        given={
            "participantId": world.insured.keys["participant"],
            "channels": ["WHATSAPP", "EMAIL"],
            "optedOut": ["SMS"],
            "language": "ENGLISH",
        },
        another={"optedOut": []},
        effect="SELECT min(channels || opted_out) FROM contact_preference",
        became=["WHATSAPP", "EMAIL", "SMS"],
        **world.own,
    )


@row
async def change_family_card(world: World) -> Happy:
    return Happy(
        given={
            "familyId": world.insured.keys["family"],
            "familyCardNumber": "9900000000004321",
            "reason": "moved to another regency",
            "askedBy": "bunga",
        },
        another={"familyCardNumber": "9900000000004322"},
        effect="SELECT kk_number FROM family",
        became="9900000000004321",
    )


@row
async def change_payer(world: World) -> Happy:
    child = world.insured.registered.participants[1].participant_id
    return Happy(
        given={
            "participantId": id_of("Participant", world.insured.family_id, child),
            "reason": "statement of the family",
            "askedBy": "bunga",
        },
        another={"reason": "another statement"},
        effect="SELECT count(*) FROM family_change WHERE field = 'PAYER'",
        became=1,
    )


def certificate(world: World) -> dict[str, str]:
    return {"familyId": world.insured.keys["family"], "certificateNumber": "SKTM/17/2026"}


def whole_certificate(world: World) -> dict[str, str]:
    days = {"firstDay": "2026-01-01", "lastDay": "2026-06-30"}
    return certificate(world) | days | {"issuedBy": "Dinas Sosial Kota Contoh"}


@row
async def record_inability_certificate(world: World) -> Happy:
    return Happy(
        given=whole_certificate(world),
        another={"lastDay": "2026-05-31"},
        effect="SELECT count(*) FROM inability_certificate",
        became=1,
    )


@row
async def approve_inability_certificate(world: World) -> Happy:
    await world.did("recordInabilityCertificate", whole_certificate(world))
    return Happy(
        given=certificate(world),
        another={"certificateNumber": "SKTM/18/2026"},
        effect="SELECT min(approved_by) FROM inability_certificate",
        became="budi",
        token=another_person(),
    )


def moving(world: World) -> dict[str, Any]:
    """The second member founds a household of her own."""
    child = world.insured.registered.participants[1].participant_id
    return {
        "familyId": world.insured.keys["family"],
        "people": [
            {
                "participantId": id_of("Participant", world.insured.family_id, child),
                "relation": "HEAD",
            }
        ],
        "familyCardNumber": "9900000000004323",
        "reason": "new family card",
    }


@row
async def propose_family_move(world: World) -> Happy:
    return Happy(
        given=moving(world),
        another={"familyCardNumber": "9900000000004324"},
        effect="SELECT count(*) FROM manual_change WHERE kind = 'FAMILY_MOVE'",
        became=1,
    )


@row
async def approve_family_move(world: World) -> Happy:
    return Happy(
        given=await approving(world, "proposeFamilyMove", moving(world)),
        another={"proposalId": id_of("ManualChange", 555, 1)},
        effect="SELECT count(*) FROM family WHERE kk_number = '9900000000004323'",
        became=1,
        token=another_person(),
    )


@row
async def record_registration_step(world: World) -> Happy:
    return Happy(
        given={
            "membershipId": world.insured.keys["membership"],
            "step": "DOCUMENTS",
            "note": "KK dan KTP lengkap",
        },
        another={"note": "KK saja"},
        effect="SELECT max(note) FROM registration_step",
        became="KK dan KTP lengkap",
    )


@row
async def sponsor_family(_: World) -> Happy:
    return Happy(
        given={
            "familyCardNumber": "9900000000001234",
            "participants": [a_person(relation="HEAD")],
            "segment": "PBI_APBN",
            "reason": "SK Mensos 17",
        },
        another={"reason": "SK Mensos 18"},
        effect="SELECT count(*) FROM sponsorship",
        became=1,
    )


def sponsorship(world: World) -> dict[str, str]:
    return {
        "membershipId": world.insured.keys["membership"],
        "segment": "PBI_APBN",
        "reason": "SK Mensos 17",
    }


@row
async def propose_sponsorship(world: World) -> Happy:
    return Happy(
        given=sponsorship(world),
        another={"reason": "SK Mensos 18"},
        effect="SELECT count(*) FROM manual_change",
        became=1,
    )


@row
async def approve_sponsorship(world: World) -> Happy:
    return Happy(
        given=await approving(world, "proposeSponsorship", sponsorship(world)),
        another={"proposalId": id_of("ManualChange", 555, 1)},
        effect="SELECT count(*) FROM sponsorship",
        became=1,
        token=another_person(),
    )


async def sponsored(world: World) -> dict[str, str]:
    """A family that the central government pays for, and the end of that."""
    new = {
        "familyCardNumber": "9900000000001234",
        "participants": [a_person(relation="HEAD")],
        "segment": "PBI_APBN",
        "reason": "SK Mensos 17",
    }
    known = await world.did("sponsorFamily", new, "membership { id }")
    return {
        "membershipId": known["membership"]["id"],
        "lastMonth": "2026-02",
        "reason": "SK Mensos 19",
    }


@row
async def propose_sponsorship_end(world: World) -> Happy:
    return Happy(
        given=await sponsored(world),
        another={"lastMonth": "2026-03"},
        effect="SELECT count(*) FROM manual_change",
        became=1,
    )


@row
async def approve_sponsorship_end(world: World) -> Happy:
    return Happy(
        given=await approving(world, "proposeSponsorshipEnd", await sponsored(world)),
        another={"proposalId": id_of("ManualChange", 555, 1)},
        effect="SELECT max(last_month) FROM sponsorship",
        became=2026 * 12 + 1,
        token=another_person(),
    )
