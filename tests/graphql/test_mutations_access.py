"""Who may change what: a matrix of role and mutation, generated from the schema.

A new mutation fails here until ALLOWED says who may do it.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import (
    EnumTypeDefinitionNode,
    InputObjectTypeDefinitionNode,
    ListTypeNode,
    NamedTypeNode,
    NameNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    TypeNode,
    parse,
    print_ast,
)

from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from iuran.graphql.sdl import sdl
from tests.graphql.conftest import Frontend, Insured
from tests.graphql.wishes import wished

DEFINITIONS = parse(sdl()).definitions
INPUTS = {
    one.name.value: one for one in DEFINITIONS if isinstance(one, InputObjectTypeDefinitionNode)
}
ENUMS = {
    one.name.value: one.values[0].name.value
    for one in DEFINITIONS
    if isinstance(one, EnumTypeDefinitionNode) and one.values
}
MUTATIONS = [
    field.name.value
    for one in DEFINITIONS
    if isinstance(one, ObjectTypeDefinitionNode) and one.name.value == "Mutation"
    for field in one.fields or ()
]
OFFICER, FINANCE = Role.BRANCH_OFFICER, Role.FINANCE_OFFICER
PARTICIPANT, FACILITY, EMPLOYER = Role.PARTICIPANT, Role.FACILITY, Role.EMPLOYER
OPERATOR = Role.OPERATOR
FAMILYS = {PARTICIPANT, OFFICER}
CLAIMANTS = {PARTICIPANT, FACILITY, OFFICER}

ALLOWED: Mapping[str, set[Role]] = {
    "registerFamily": {OFFICER},
    "recordRegistrationStep": {OFFICER},
    "changeCareClass": FAMILYS,
    "addMember": {OFFICER},
    "addNewborn": {OFFICER},
    "reportDeath": {OFFICER},
    "approveDeath": {OFFICER},
    "removeMember": {OFFICER},
    "approveRemoval": {OFFICER},
    "moveToSelfPaid": {OFFICER},
    "leaveSegment": {OFFICER},
    "approveLeavingSegment": {OFFICER},
    "chooseHomeFacility": FAMILYS,
    "changeData": {OFFICER},
    "setContactPreference": FAMILYS,
    "changeFamilyCard": {OFFICER},
    "changePayer": {OFFICER},
    "proposeFamilyMove": {OFFICER},
    "approveFamilyMove": {OFFICER},
    "recordInabilityCertificate": {OFFICER},
    "approveInabilityCertificate": {OFFICER},
    "giveAutodebitMandate": FAMILYS,
    "revokeAutodebitMandate": FAMILYS,
    "proposeRateRuling": {OFFICER, FINANCE},
    "approveRateRuling": {FINANCE},
    "recordGovernmentPayment": {FINANCE},
    "approveGovernmentPayment": {FINANCE},
    "reportLayoff": {EMPLOYER, OFFICER},
    "approveLayoff": {OFFICER},
    "endLayoff": {OFFICER},
    "proposeReminderRule": {OPERATOR},
    "approveReminderRule": {OPERATOR},
    "retryJob": {OPERATOR},
    "retryDeadJobs": {OPERATOR},
    "requestPrepayment": FAMILYS,
    "startInstalmentPlan": FAMILYS,
    "cancelInstalmentPlan": FAMILYS,
    "askRefund": {PARTICIPANT, OFFICER, FINANCE},
    "recordRefundFileComplete": {OFFICER, FINANCE},
    "approveRefund": {FINANCE},
    "refuseRefund": {FINANCE},
    "recordRefundPayout": {FINANCE},
    "askPayerRefund": {FINANCE},
    "approvePayerRefund": {FINANCE},
    "refusePayerRefund": {FINANCE},
    "recordPayerRefundPayout": {FINANCE},
    "openComplaint": {PARTICIPANT, FACILITY, EMPLOYER, OFFICER},
    "assignComplaint": {OFFICER},
    "answerComplaint": {OFFICER},
    "rateService": FAMILYS,
    "issueEligibilityLetter": {FACILITY},
    "recordVisit": {FACILITY},
    "issueReferral": {FACILITY},
    "recordDischarge": {FACILITY},
    "openFacilityClaim": {FACILITY},
    "openReimbursement": FAMILYS,
    "attachClaimDocument": CLAIMANTS,
    "submitClaim": CLAIMANTS,
    "recordClaimComplete": {OFFICER},
    "recordClaimIncomplete": {OFFICER},
    "askAboutClaim": {OFFICER},
    "disputeClaim": CLAIMANTS,
    "resumeClaim": {OFFICER},
    "proposeClaimApproval": {OFFICER},
    "proposeClaimRejection": {OFFICER},
    "decideClaim": {OFFICER, FINANCE},
    "payClaim": {FINANCE},
    "proposeSuspenseAccount": {FINANCE},
    "proposeSuspenseReturn": {FINANCE},
    "approveSuspensePlacement": {FINANCE},
    "proposeDisputeClosing": {FINANCE},
    "approveDisputeClosing": {FINANCE},
    "nameGovernment": {OFFICER, FINANCE},
    "sponsorFamily": {OFFICER},
    "proposeSponsorship": {OFFICER},
    "approveSponsorship": {OFFICER},
    "proposeSponsorshipEnd": {OFFICER},
    "approveSponsorshipEnd": {OFFICER},
    "proposeFinePayment": {OFFICER, FINANCE},
    "approveFinePayment": {FINANCE},
    "proposeFineRelief": {OFFICER, FINANCE},
    "approveFineRelief": {FINANCE},
    "proposeWriteOff": {FINANCE},
    "approveWriteOff": {FINANCE},
    "registerFacility": {OFFICER},
    "proposeFacilityContract": {OFFICER},
    "approveFacilityContract": {OFFICER},
    "proposeCapitationTariff": {OFFICER, FINANCE},
    "approveCapitationTariff": {FINANCE},
    "computeCapitation": {FINANCE},
    "approveCapitation": {FINANCE},
    "registerEmployer": {OFFICER},
    "addWebhookEndpoint": {OPERATOR},
    "approveWebhookEndpoint": {OPERATOR},
    "disableWebhookEndpoint": {OPERATOR},
    "enableWebhookEndpoint": {OPERATOR},
    "rotateWebhookSecret": {OPERATOR},
    "resendWebhookEvents": {OPERATOR},
    "reportWorker": {EMPLOYER},
    "reportWage": {EMPLOYER},
    "endEmployment": {EMPLOYER},
}

PLAIN: Mapping[str, Any] = {
    "String": "contoh",
    "Int": 1,
    "Boolean": False,
    "Rupiah": "1000",
    "CoverageMonth": "2026-01",
    "Date": "2026-01-02",
    "DateTime": "2026-01-02T09:00:00+07:00",
    "NIK": "9901015705909998",
    "FamilyCardNumber": "9900000099999999",
}


def ids_of(insured: Insured) -> dict[str, str]:
    """IDs of what there is, and of what could be in the same family."""
    family, keys = insured.family_id, insured.keys
    return {
        "familyId": keys["family"],
        "participantId": keys["participant"],
        "participantIds": keys["participant"],
        "membershipId": keys["membership"],
        **_ids(family),
    }


def absent_ids() -> dict[str, str]:
    return {
        "familyId": id_of("Family", 555),
        "participantId": id_of("Participant", 555, 1),
        "participantIds": id_of("Participant", 555, 1),
        "membershipId": id_of("Membership", 555, 1),
        **_ids(555),
    }


def _ids(family: int) -> dict[str, str]:
    return {
        "proposalId": id_of("ManualChange", family, 1),
        "refundId": id_of("Refund", family, 1),
        "claimId": id_of("Claim", family, 1),
        "employmentId": id_of("Employment", family, 1),
        "complaintId": id_of("Complaint", 1, 99),
    }


def made(kind: TypeNode, field: str, ids: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    """A value of an input type: of objects only what has to be given."""
    if isinstance(kind, NonNullTypeNode):
        return made(kind.type, field, ids)
    if isinstance(kind, ListTypeNode):
        return [made(kind.type, field, ids)]
    name = print_ast(kind)
    if name in INPUTS:
        return {
            one.name.value: made(one.type, one.name.value, ids)
            for one in INPUTS[name].fields or ()
            if isinstance(one.type, NonNullTypeNode)
            and one.default_value is None
            and one.name.value != "idempotencyKey"
        }
    if name in ENUMS:
        return ENUMS[name]
    if name == "ID":
        return ids[field]
    return "0000000000000" if name == "CardNumber" else PLAIN[name]


def given_for(mutation: str, ids: Mapping[str, str]) -> dict[str, Any]:
    name = NameNode(value=f"{mutation[0].upper()}{mutation[1:]}Input")
    given: dict[str, Any] = made(NamedTypeNode(name=name), "", ids)
    return given


def token_of(role: Role, family_id: int) -> dict[str, Any]:
    return {
        "role": role,
        "family_id": family_id if role is PARTICIPANT else None,
        "employer_id": 77 if role is EMPLOYER else None,
    }


def test_every_mutation_says_who_may_do_it() -> None:
    assert set(MUTATIONS) == set(ALLOWED)


@pytest.mark.parametrize("role", Role)
async def test_each_role_may_do_what_is_its_own_and_nothing_else(
    frontend: Frontend, insured: Insured, role: Role
) -> None:
    """Whatever else stands against it, nothing crashes."""
    ids = ids_of(insured)

    may = {
        mutation: (
            await wished(
                frontend, mutation, given_for(mutation, ids), **token_of(role, insured.family_id)
            )
        )["__typename"]
        != "NotAllowed"
        for mutation in ALLOWED
    }

    assert may == {mutation: role in roles for mutation, roles in ALLOWED.items()}


@pytest.mark.parametrize("role", [PARTICIPANT, FACILITY, EMPLOYER])
async def test_what_is_another_ones_looks_as_if_it_were_missing(
    frontend: Frontend, insured: Insured, role: Role
) -> None:
    token = token_of(role, 987_654)
    told: list[list[object]] = [[], []]

    for mutation, roles in ALLOWED.items():
        if role not in roles or mutation in {"openComplaint", "rateService"}:
            continue
        for side, ids in enumerate((ids_of(insured), absent_ids())):
            told[side].append(
                (mutation, await wished(frontend, mutation, given_for(mutation, ids), **token))
            )

    assert told[0] == told[1]
    assert told[0]
