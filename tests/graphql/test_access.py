"""Who sees what: what is not yours to see looks as if it did not exist."""

import pytest

from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from tests.graphql.conftest import Frontend, Insured

EVERYTHING = """
    query ($family: ID!, $participant: ID!, $account: ID!, $membership: ID!, $bill: ID!,
           $kk: FamilyCardNumber!, $card: CardNumber!, $nik: NIK!, $va: VANumber!) {
      byId: family(by: {id: $family}) { id }
      byCard: family(by: {cardNumber: $card}) { id }
      byNik: family(by: {nik: $nik}) { id }
      byKk: family(by: {familyCardNumber: $kk}) { id }
      byVa: family(by: {vaNumber: $va}) { id }
      person: participant(by: {nik: $nik}) { id }
      personById: participant(by: {id: $participant}) { id }
      virtualAccount(number: $va) { id }
      bills(family: $family, first: 10) { nodes { id } }
      nodes(ids: [$family, $participant, $account, $membership, $bill]) { id }
    }
"""

NUMBERS = """
    query ($family: ID!) { family(by: {id: $family}) {
      familyCardNumber
      participants { nik cardNumber phone email virtualAccount { number } } } }
"""


@pytest.mark.parametrize(
    "role", [Role.BRANCH_OFFICER, Role.FINANCE_OFFICER, Role.OPERATOR, Role.AUDITOR]
)
async def test_officers_find_every_family_on_every_path(
    frontend: Frontend, insured: Insured, role: Role
) -> None:
    data = await frontend.data(EVERYTHING, role=role, **insured.keys)

    assert all(data.values())
    assert all(data["nodes"])
    assert len(data["bills"]["nodes"]) == 1


async def test_a_participant_finds_his_own_family_on_every_path(
    frontend: Frontend, insured: Insured
) -> None:
    data = await frontend.data(
        EVERYTHING, role=Role.PARTICIPANT, family_id=insured.family_id, **insured.keys
    )

    assert all(data.values())
    assert all(data["nodes"])


@pytest.mark.parametrize(
    ("role", "family_id"),
    [
        (Role.PARTICIPANT, 987_654),
        (Role.FACILITY, None),
        (Role.EMPLOYER, None),
        (Role.DEVELOPER, None),
    ],
)
async def test_what_is_not_his_to_see_does_not_exist_for_anybody_else(
    frontend: Frontend, insured: Insured, role: Role, family_id: int | None
) -> None:
    missing = insured.keys | {
        "family": id_of("Family", 555),
        "participant": id_of("Participant", 555, 1),
        "account": id_of("VirtualAccount", 555, 1),
        "membership": id_of("Membership", 555, 1),
        "bill": id_of("Bill", 555, 1, 2025 * 12),
        "kk": "9900000099999999",
        "card": "0000000000000",
        "nik": "9901015705909998",
        "va": "8888800000000000",
    }

    forbidden = await frontend.answer(EVERYTHING, role=role, family_id=family_id, **insured.keys)
    absent = await frontend.answer(EVERYTHING, role=role, family_id=family_id, **missing)

    assert forbidden == absent
    assert "errors" not in forbidden
    assert forbidden["data"].pop("nodes") == [None] * 5
    assert set(forbidden["data"].values()) == {None}


@pytest.mark.parametrize(
    ("role", "people_whole", "cards_whole"),
    [
        (Role.PARTICIPANT, True, True),
        (Role.BRANCH_OFFICER, True, True),
        (Role.FINANCE_OFFICER, False, True),
        (Role.OPERATOR, False, False),
        (Role.AUDITOR, False, False),
    ],
)
async def test_numbers_are_masked_by_role(
    frontend: Frontend,
    insured: Insured,
    role: Role,
    people_whole: bool,  # noqa: FBT001 - a figure of the scenario
    cards_whole: bool,  # noqa: FBT001 - a figure of the scenario
) -> None:
    new = insured.new
    data = await frontend.data(
        NUMBERS, role=role, family_id=insured.family_id, family=insured.keys["family"]
    )

    family, person = data["family"], data["family"]["participants"][0]
    people = [family["familyCardNumber"], person["nik"], person["phone"], person["email"]]
    cards = [person["cardNumber"], person["virtualAccount"]["number"]]
    assert people == (
        [new.kk_number, new.participants[0].nik, "081200001234", "bunga@contoh.example"]
        if people_whole
        else [
            "*" * 12 + new.kk_number[-4:],
            "*" * 12 + new.participants[0].nik[-4:],
            "********1234",
            "b***@contoh.example",
        ]
    )
    assert cards == (
        [insured.card, insured.account.number]
        if cards_whole
        else ["*" * 9 + insured.card[-4:], "*" * 12 + insured.account.number[-4:]]
    )


async def test_a_masked_answer_leaks_no_number_through_ids_or_cursors(
    frontend: Frontend, insured: Insured
) -> None:
    response = await frontend.post(
        """query ($id: ID!) { family(by: {id: $id}) { id
             participants { id virtualAccount { id number } }
             bills(first: 5) { edges { cursor node { id } } } } }""",
        role=Role.AUDITOR,
        id=insured.keys["family"],
    )

    ids = [insured.keys["account"], insured.keys["participant"]]
    assert all(id_ in response.text for id_ in ids)
    assert insured.account.customer_number not in response.text
    assert insured.card not in response.text


async def test_a_facility_sees_the_cover_of_a_card_and_no_bills(
    frontend: Frontend, insured: Insured
) -> None:
    data = await frontend.data(
        """query ($card: CardNumber!) { participant(by: {cardNumber: $card}) {
             name cardNumber nik phone
             membership { state careClass history(first: 5) { nodes { cause } } }
             family { id } virtualAccount { number } } }""",
        role=Role.FACILITY,
        card=insured.card,
    )

    assert data["participant"] == {
        "name": "BUNGA CONTOH",
        "cardNumber": insured.card,
        "nik": "*" * 12 + insured.new.participants[0].nik[-4:],
        "phone": "********1234",
        "membership": {"state": "ACTIVE", "careClass": "III", "history": {"nodes": []}},
        "family": None,
        "virtualAccount": None,
    }


async def test_a_facility_sees_nobody_but_the_holder_of_the_card(
    frontend: Frontend, insured: Insured
) -> None:
    other = insured.registered.participants[1]

    data = await frontend.data(
        """query ($card: CardNumber!, $other: ID!, $nik: NIK!) {
             holder: participant(by: {cardNumber: $card}) { name }
             other: participant(by: {id: $other}) { name }
             otherByNik: participant(by: {nik: $nik}) { name } }""",
        role=Role.FACILITY,
        card=insured.card,
        other=id_of("Participant", insured.family_id, other.participant_id),
        nik=insured.new.participants[1].nik,
    )

    assert data == {"holder": {"name": "BUNGA CONTOH"}, "other": None, "otherByNik": None}


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Role.PARTICIPANT, ("PARTICIPANT", "OWN_FAMILY", True, True, None)),
        (Role.FACILITY, ("FACILITY", "PRESENTED_CARDS", False, True, "0301R001")),
        (Role.EMPLOYER, ("EMPLOYER", "NOTHING", False, False, None)),
        (Role.BRANCH_OFFICER, ("BRANCH_OFFICER", "ALL_FAMILIES", True, True, None)),
        (Role.FINANCE_OFFICER, ("FINANCE_OFFICER", "ALL_FAMILIES", False, True, None)),
        (Role.OPERATOR, ("OPERATOR", "ALL_FAMILIES", False, False, None)),
        (Role.AUDITOR, ("AUDITOR", "ALL_FAMILIES", False, False, None)),
        (Role.DEVELOPER, ("DEVELOPER", "NOTHING", False, False, None)),
    ],
)
async def test_the_viewer_is_told_what_he_may_see(
    frontend: Frontend,
    insured: Insured,
    role: Role,
    expected: tuple[object, ...],
) -> None:
    data = await frontend.data(
        """{ viewer { role reach seesPopulationNumbers seesCardNumbers facility
             family { id } } }""",
        role=role,
        family_id=insured.family_id,
    )

    family = data["viewer"].pop("family")
    assert tuple(data["viewer"].values()) == expected
    own = {"id": id_of("Family", insured.family_id)}
    assert family == (own if role is Role.PARTICIPANT else None)
