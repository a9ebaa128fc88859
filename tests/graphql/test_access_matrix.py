"""Who sees what on which path: a matrix of role, object and path, generated from the schema.

A new object type fails here until SEEN_BY says who sees it; a new way to look something up fails
until ROOTS has it. Fields that lead from object to object are found in the schema by themselves.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import dropwhile
from typing import Any

import pytest
from graphql import (
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    TypeNode,
    parse,
    print_ast,
)
from structlog.testing import capture_logs

from iuran.core.database.pool import Pool
from iuran.graphql.global_ids import GlobalId, id_of
from iuran.graphql.identity import Role
from iuran.graphql.limits import Limits
from iuran.graphql.sdl import sdl
from tests.graphql.conftest import FrontendOf, Insured
from tests.graphql.everything import one_of_everything

ALL_FAMILIES = {Role.BRANCH_OFFICER, Role.FINANCE_OFFICER, Role.OPERATOR, Role.AUDITOR}
FAMILYS_OWN = frozenset({*ALL_FAMILIES, Role.PARTICIPANT})
SHOWN_BY_CARD = FAMILYS_OWN | {Role.FACILITY}

OFFICERS = frozenset(ALL_FAMILIES)
PAPERS = FAMILYS_OWN | {Role.FACILITY}
FINANCES = frozenset({Role.FINANCE_OFFICER, Role.AUDITOR})
EVERYBODY = frozenset(Role)

CLOCKWORK = frozenset({Role.OPERATOR, Role.AUDITOR})
FIGURES = FINANCES | CLOCKWORK
EMPLOYERS = frozenset({*ALL_FAMILIES, Role.EMPLOYER})

SEEN_BY: Mapping[str, frozenset[Role]] = {
    **dict.fromkeys(("Figures", "MoneyHeld", "RegistrationFigure", "ClaimFigure"), FIGURES),
    **dict.fromkeys(("SatisfactionFigure", "ComplaintFigure", "BilledFigure"), FIGURES),
    **dict.fromkeys(("CollectedFigure", "ArrearsFigure", "ReactivationFigure"), FIGURES),
    **dict.fromkeys(("FineFigure", "ClaimsPaidFigure", "DisputedPayment"), FIGURES),
    **dict.fromkeys(("DisputeProposal", "DisputeClosing"), FIGURES),
    **dict.fromkeys(("ApprovalWaiting", "ManualChange", "ReminderRule"), OFFICERS),
    **dict.fromkeys(("AutodebitMandate", "AutodebitAttempt", "Layoff"), FAMILYS_OWN),
    **dict.fromkeys(("ContactPreference", "FamilyChange"), FAMILYS_OWN),
    **dict.fromkeys(("ReminderQueueFigure", "WebhookEndpoint", "WebhookDelivery"), CLOCKWORK),
    **dict.fromkeys(("ReminderPreview", "PreviewedMessages", "PreviewedMessage"), CLOCKWORK),
    **dict.fromkeys(("FacilityContract", "CapitationTariff"), OFFICERS | {Role.FACILITY}),
    "CapitationStatement": OFFICERS | {Role.FACILITY},
    "RegistrationProgress": FAMILYS_OWN,
    "WriteOffOrder": OFFICERS,
    "EmployerCreditEntry": EMPLOYERS,
    "GovernmentPayment": FINANCES,
    "PayerRefund": FINANCES | {Role.EMPLOYER},
    "Wage": EMPLOYERS | {Role.PARTICIPANT},
    "BillingRun": CLOCKWORK,
    "Employer": EMPLOYERS,
    "EmployerBill": EMPLOYERS,
    "EmployerPayment": EMPLOYERS,
    "EmployerPaymentAllocation": EMPLOYERS,
    "Employment": EMPLOYERS | {Role.PARTICIPANT},
    "GovernmentBillLine": FINANCES,
    "Information": EVERYBODY,
    "Job": CLOCKWORK,
    "Office": EVERYBODY,
    "Reminder": FAMILYS_OWN,
    "SuspenseItem": FINANCES,
    "SuspenseProposal": FINANCES,
    "BillChanged": FAMILYS_OWN,
    "BillRevision": FAMILYS_OWN,
    "ClaimMoved": FAMILYS_OWN,
    "MembershipChanged": FAMILYS_OWN,
    "PaymentSettled": FAMILYS_OWN,
    "Claim": PAPERS,
    "ClaimDocument": PAPERS,
    "ClaimEvent": PAPERS,
    "ClaimPayment": PAPERS,
    "Complaint": FAMILYS_OWN,
    "ComplaintEvent": FAMILYS_OWN,
    "EligibilityCheck": SHOWN_BY_CARD,
    "EligibilityLetter": PAPERS,
    "ExpectedFine": SHOWN_BY_CARD,
    "Facility": EVERYBODY,
    "HomeFacility": FAMILYS_OWN,
    "Referral": PAPERS,
    "StayFine": PAPERS,
    "Visit": PAPERS,
    "Channel": frozenset(ALL_FAMILIES),
    "CreditEntry": FAMILYS_OWN,
    "Explanation": EVERYBODY,
    "InstalmentPlan": FAMILYS_OWN,
    "InstalmentStep": FAMILYS_OWN,
    "LedgerEntry": FINANCES,
    "Payment": FAMILYS_OWN,
    "PaymentAllocation": FAMILYS_OWN,
    "Reason": EVERYBODY,
    "Refund": FAMILYS_OWN,
    "RefundEvent": FAMILYS_OWN,
    "Family": FAMILYS_OWN,
    "Participant": SHOWN_BY_CARD,
    "Membership": SHOWN_BY_CARD,
    "MembershipEvent": FAMILYS_OWN,
    "FineWindow": SHOWN_BY_CARD,
    "VirtualAccount": FAMILYS_OWN,
    "Payable": FAMILYS_OWN,
    "Bill": FAMILYS_OWN,
    "BillLine": FAMILYS_OWN,
}
"""Who sees an object of a type, if it is his: a facility only on the way from a card."""

BY_CARD = {"Participant", "Membership", "FineWindow"}
"""What a facility sees only on the way from a card."""

BY_KEYS = {
    "FamilyBy": {
        "id": "{id: $Family}",
        "familyCardNumber": "{familyCardNumber: $kk}",
        "cardNumber": "{cardNumber: $card}",
        "nik": "{nik: $nik}",
        "vaNumber": "{vaNumber: $va}",
    },
    "FacilityBy": {"id": "{id: $Facility}", "code": "{code: $facility_code}"},
    "EmployerBy": {
        "id": "{id: $Employer}",
        "customerNumber": "{customerNumber: $employer_number}",
    },
    "PaperBy": {"id": "{id: $Visit}", "number": "{number: $visit}"},
    "ClaimBy": {"id": "{id: $Claim}", "number": "{number: $claim}"},
    "ComplaintBy": {"id": "{id: $Complaint}", "number": "{number: $complaint}"},
    "PaymentBy": {
        "id": "{id: $Payment}",
        "reference": "{reference: {channelCode: $channel, reference: $reference}}",
    },
    "ParticipantBy": {
        "id": "{id: $Participant}",
        "cardNumber": "{cardNumber: $card}",
        "nik": "{nik: $nik}",
    },
}
TYPES_OF_VARIABLES = {
    "kk": "FamilyCardNumber!",
    "card": "CardNumber!",
    "nik": "NIK!",
    "va": "VANumber!",
    **dict.fromkeys(("facility_code", "visit", "referral", "letter", "claim"), "String!"),
    **dict.fromkeys(("complaint", "employer_number", "channel", "reference"), "String!"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to an object: a selection with a hole, and the types that it leads through."""

    text: str
    types: tuple[str, ...]

    @property
    def target(self) -> str:
        return self.types[-1]

    @property
    def is_by_card(self) -> bool:
        return self.text.startswith("participant(by: {cardNumber")

    @property
    def query(self) -> str:
        names = dict.fromkeys(re.findall(r"\$(\w+)", self.text))
        declared = ", ".join(f"${name}: {TYPES_OF_VARIABLES.get(name, 'ID!')}" for name in names)
        head = f"query ({declared}) " if declared else ""
        return head + "{ " + self.text.replace("%", "__typename") + " }"

    def on(self, field: str, target: str) -> "Way":
        return Way(text=self.text.replace("%", field), types=(*self.types, target))


DEFINITIONS = {
    definition.name.value: definition
    for definition in parse(sdl()).definitions
    if isinstance(definition, ObjectTypeDefinitionNode)
}
INPUTS = {
    definition.name.value: definition
    for definition in parse(sdl()).definitions
    if isinstance(definition, InputObjectTypeDefinitionNode)
}
OBJECTS = {
    name
    for name in DEFINITIONS
    if name not in {"Query", "Mutation", "Subscription", "PageInfo", "Viewer"}
    and not name.endswith(("Connection", "Edge", "Payload"))
    and "Problem" not in {one.name.value for one in DEFINITIONS[name].interfaces or ()}
}
INTERFACES = {
    definition.name.value
    for definition in parse(sdl()).definitions
    if isinstance(definition, InterfaceTypeDefinitionNode)
}
NODES = {
    name
    for name, definition in DEFINITIONS.items()
    if any(interface.name.value == "Node" for interface in definition.interfaces or ())
}


def bare(kind: TypeNode) -> str:
    return print_ast(kind).strip("[]!")


ROOTS: list[Way] = [
    *(Way(text=f"node(id: ${name}) {{ ... on {name} {{ % }} }}", types=(name,)) for name in NODES),
    *(
        Way(text=f"nodes(ids: [${name}]) {{ ... on {name} {{ % }} }}", types=(name,))
        for name in NODES
    ),
    *(
        Way(text=f"family(by: {by}) {{ % }}", types=("Family",))
        for by in BY_KEYS["FamilyBy"].values()
    ),
    *(
        Way(text=f"participant(by: {by}) {{ % }}", types=("Participant",))
        for by in BY_KEYS["ParticipantBy"].values()
    ),
    Way(text="virtualAccount(number: $va) { % }", types=("VirtualAccount",)),
    Way(text="bills(family: $Family, first: 5) { nodes { % } }", types=("Bill",)),
    *(
        Way(text=f"{field}(by: {by}) {{ % }}", types=(target,))
        for field, target, ways in (
            ("facility", "Facility", "FacilityBy"),
            ("employer", "Employer", "EmployerBy"),
            ("visit", "Visit", "PaperBy"),
            ("claim", "Claim", "ClaimBy"),
            ("complaint", "Complaint", "ComplaintBy"),
            ("payment", "Payment", "PaymentBy"),
        )
        for by in BY_KEYS[ways].values()
    ),
    Way(text="referral(by: {number: $referral}) { % }", types=("Referral",)),
    Way(text="referral(by: {id: $Referral}) { % }", types=("Referral",)),
    Way(text="eligibilityLetter(by: {number: $letter}) { % }", types=("EligibilityLetter",)),
    Way(text="eligibilityLetter(by: {id: $EligibilityLetter}) { % }", types=("EligibilityLetter",)),
    Way(text="employers(first: 5) { nodes { % } }", types=("Employer",)),
    Way(text="governmentBills(first: 5) { nodes { % } }", types=("GovernmentBillLine",)),
    Way(text="suspenseItems(first: 5) { nodes { % } }", types=("SuspenseItem",)),
    Way(text="disputedPayments(first: 5) { nodes { % } }", types=("DisputedPayment",)),
    Way(text="autodebitMandates(first: 5) { nodes { % } }", types=("AutodebitMandate",)),
    Way(text="writeOffOrders(first: 5) { nodes { % } }", types=("WriteOffOrder",)),
    Way(text="deadJobs(first: 5) { nodes { % } }", types=("Job",)),
    Way(text="jobsDue { % }", types=("Job",)),
    Way(text="billingRuns(first: 5) { nodes { % } }", types=("BillingRun",)),
    Way(text='figures(firstDay: "2025-12-01", lastDay: "2026-01-31") { % }', types=("Figures",)),
    Way(text="governmentPayments(first: 5) { nodes { % } }", types=("GovernmentPayment",)),
    Way(text="refundsWaiting(first: 5) { nodes { % } }", types=("Refund",)),
    Way(text="payerRefundsWaiting(first: 5) { nodes { % } }", types=("PayerRefund",)),
    Way(text="approvalsWaiting(first: 10) { nodes { % } }", types=("ApprovalWaiting",)),
    Way(text="reminderRules { % }", types=("ReminderRule",)),
    Way(text="reminderQueue { % }", types=("ReminderQueueFigure",)),
    Way(text='reminderPreview(day: "2026-01-07") { % }', types=("ReminderPreview",)),
    Way(text="webhookEndpoints { % }", types=("WebhookEndpoint",)),
    Way(text="information { % }", types=("Information",)),
    Way(text="facilities(first: 5) { nodes { % } }", types=("Facility",)),
    Way(text="claims(first: 5) { nodes { % } }", types=("Claim",)),
    Way(text="complaints(first: 5) { nodes { % } }", types=("Complaint",)),
    Way(text="visits(first: 5) { nodes { % } }", types=("Visit",)),
    Way(text="referrals(first: 5) { nodes { % } }", types=("Referral",)),
    Way(text="eligibilityLetters(first: 5) { nodes { % } }", types=("EligibilityLetter",)),
    Way(text="channels(first: 5) { nodes { % } }", types=("Channel",)),
    Way(
        text="eligibilityCheck(cardNumber: $card, "
        "care: {careType: RITL, facilityCode: $facility_code}) { % }",
        types=("EligibilityCheck",),
    ),
    Way(text="viewer { family { % } }", types=("Family",)),
]


def steps(way: Way) -> Iterator[Way]:
    """The ways that go on from an object to the objects beside it."""
    for field in DEFINITIONS[way.target].fields or ():
        target = bare(field.type)
        name = field.name.value
        if target.endswith("Connection"):
            node = target.removesuffix("Connection")
            yield way.on(f"{name}(first: 5) {{ nodes {{ % }} }}", node)
            yield way.on(f"{name}(first: 5) {{ edges {{ node {{ % }} }} }}", node)
        elif target in OBJECTS:
            yield way.on(f"{name} {{ % }}", target)


def walked(starts: list[Way]) -> Iterator[Way]:
    """Every step from each type that can be reached, by the first way that reaches it."""
    seen = {way.target for way in starts}
    ways = list(starts)
    for way in ways:
        for step in steps(way):
            yield step
            if step.target not in seen:
                seen.add(step.target)
                ways.append(step)


WALKED_FROM = {
    "Information",
    "EligibilityCheck",
    "Figures",
    "ApprovalWaiting",
    "WebhookEndpoint",
    "ReminderPreview",
    "WriteOffOrder",
    "PayerRefund",
    "DisputedPayment",
}
WAYS = [
    *ROOTS,
    *walked([way for way in ROOTS if way.text.startswith("node(")]),
    *walked([way for way in ROOTS if way.is_by_card]),
    *walked([way for way in ROOTS if way.target in WALKED_FROM]),
]


def test_every_object_type_says_who_sees_it() -> None:
    assert set(SEEN_BY) == OBJECTS
    assert {way.target for way in WAYS} == OBJECTS


def test_every_way_to_look_something_up_is_walked() -> None:
    given = {
        name: {field.name.value for field in definition.fields or ()}
        for name, definition in INPUTS.items()
        if any(directive.name.value == "oneOf" for directive in definition.directives or ())
    }
    fields = {field.name.value for field in DEFINITIONS["Query"].fields or ()}

    assert {name: set(keys) for name, keys in BY_KEYS.items()} == given
    assert {re.split(r"\W", way.text)[0] for way in ROOTS} == fields


def keys_of(insured: Insured, others: Mapping[str, str]) -> dict[str, Any]:
    keys = insured.keys
    ids = {
        "Family": "family",
        "Participant": "participant",
        "VirtualAccount": "account",
        "Membership": "membership",
        "Bill": "bill",
    }
    missing = NODES - set(ids) - set(others)
    assert not missing, "give a new type an object in `owned`"
    return {**keys, **{name: keys[key] for name, key in ids.items()}, **others}


def missing_keys() -> dict[str, Any]:
    return {
        "Family": id_of("Family", 555),
        "Participant": id_of("Participant", 555, 1),
        "VirtualAccount": id_of("VirtualAccount", 555, 1),
        "Membership": id_of("Membership", 555, 1),
        "Bill": id_of("Bill", 555, 1, 2025 * 12),
        "Channel": id_of("Channel", 555),
        "Facility": id_of("Facility", 555),
        **{
            name: id_of(name, 555, 1)
            for name in (
                *("Visit", "Referral", "EligibilityLetter", "Claim", "Complaint"),
                *("PaymentSettled", "BillChanged", "MembershipChanged", "ClaimMoved"),
            )
        },
        "facility_code": "9999X999",
        "visit": "0301R0010126Y999999",
        "referral": "0301R0010126P999999",
        "letter": "0301R0010126V999999",
        "claim": "K999999999",
        "complaint": "P999999999",
        "Employer": id_of("Employer", 777),
        "EmployerBill": id_of("EmployerBill", 777, 2025 * 12, 1),
        "EmployerPayment": id_of("EmployerPayment", 777, 1),
        "Employment": id_of("Employment", 777, 1),
        "SuspenseItem": id_of("SuspenseItem", 777),
        "employer_number": "80000009999",
        "channel": "NIHIL",
        "reference": "nihil",
        **{name: id_of(name, 555, 1) for name in ("Payment", "Refund", "InstalmentPlan")},
        "kk": "9900000099999999",
        "card": "0000000000000",
        "nik": "9901015705909998",
        "va": "8888800000000000",
    }


@pytest.fixture
async def owned(pool: Pool, insured: Insured) -> Mapping[str, str]:
    """One of everything that the family may have, and the IDs of what has one."""
    return await one_of_everything(
        pool, family_id=insured.family_id, membership_id=insured.registered.membership_id or 0
    )


def used(way: Way, keys: Mapping[str, Any]) -> dict[str, Any]:
    return {name: keys[name] for name in re.findall(r"\$(\w+)", way.text)}


def is_expected(role: Role, way: Way) -> bool:
    if way.text.startswith("viewer") and role is not Role.PARTICIPANT:
        return False
    if re.match("visits|referrals|eligibilityLetters", way.text) and role is not Role.FACILITY:
        return False
    if role is Role.FACILITY and BY_CARD & set(_behind_the_card(way)):
        return False
    return all(role in SEEN_BY[name] for name in way.types)


def _key_of(text: str) -> tuple[str, tuple[int, ...]]:
    parsed = GlobalId.parse(text)
    return parsed.type_name, parsed.key


def _behind_the_card(way: Way) -> list[str]:
    """The types after those that the card itself shows."""
    if not way.is_by_card:
        return list(way.types)
    return list(dropwhile(lambda name: name in BY_CARD, way.types))


@pytest.mark.parametrize("role", Role)
async def test_each_role_sees_its_own_on_every_path_and_nothing_else(
    frontend_of: FrontendOf, insured: Insured, owned: Mapping[str, str], role: Role
) -> None:
    keys = {**keys_of(insured, owned), "employer_number": "80000000001"}
    _, (employer_id,) = _key_of(owned["Employer"])
    frontend = replace(
        frontend_of(replace(Limits(), lookups_burst=10_000, points_burst=10**6)),
        employer_id=employer_id,
    )

    seen = {
        way.query: f'"__typename":"{way.target}"'
        in (
            await frontend.post(
                way.query, role=role, family_id=insured.family_id, **used(way, keys)
            )
        ).text
        for way in WAYS
    }

    surprising = [way.query for way in WAYS if seen[way.query] is not is_expected(role, way)]
    assert not surprising


@pytest.mark.parametrize(
    ("role", "family_id"),
    [
        (Role.PARTICIPANT, 987_654),
        (Role.FACILITY, None),
        (Role.EMPLOYER, None),
        (Role.DEVELOPER, None),
    ],
)
async def test_forbidden_and_missing_look_alike_and_take_the_same_work(
    frontend_of: FrontendOf,
    insured: Insured,
    owned: Mapping[str, str],
    role: Role,
    family_id: int | None,
) -> None:
    """A facility may find out whether a card exists: that is what it is shown cards for."""
    frontend = replace(
        frontend_of(replace(Limits(), lookups_burst=10_000, points_burst=10**6)),
        facility="9999X999",
        employer_id=555,
    )
    keys = {**keys_of(insured, owned), "employer_number": "80000000001"}
    absent = missing_keys()
    ways = [way for way in WAYS if SEEN_BY[way.types[0]] is not EVERYBODY]
    if role is Role.FACILITY:
        ways = [way for way in ways if "$card" not in way.text]
    told: list[list[object]] = [[], []]

    for way in ways:
        for side, given in enumerate((keys, absent)):
            with capture_logs() as logs:
                answer = await frontend.answer(
                    way.query, role=role, family_id=family_id, **used(way, given)
                )
            told[side].append((way.query, answer, logs[-1]["statements"]))

    assert told[0] == told[1]


WHOLE_PEOPLE = {Role.PARTICIPANT, Role.BRANCH_OFFICER}
WHOLE_CARDS = WHOLE_PEOPLE | {Role.FINANCE_OFFICER, Role.FACILITY}
SELECT_SECRETS = """
    SELECT p.nik, p.phone, p.email, f.kk_number, p.card_number, v.customer_number
    FROM family AS f JOIN participant AS p USING (family_id)
    LEFT JOIN virtual_account AS v USING (family_id, participant_id)
    WHERE f.family_id = $1
"""


def leaves(way: Way) -> str:
    """All fields of its type that hold values, but for those that take arguments."""
    return " ".join(
        field.name.value
        for field in DEFINITIONS[way.target].fields or ()
        if bare(field.type) not in DEFINITIONS and bare(field.type) not in INTERFACES
        if not field.arguments
    )


@pytest.mark.parametrize("role", [role for role in Role if role not in WHOLE_PEOPLE])
async def test_no_field_on_any_path_shows_a_number_that_is_masked_for_the_role(
    pool: Pool, frontend_of: FrontendOf, insured: Insured, owned: Mapping[str, str], role: Role
) -> None:
    keys = {**keys_of(insured, owned), "employer_number": "80000000001"}
    _, (employer_id,) = _key_of(owned["Employer"])
    frontend = replace(
        frontend_of(replace(Limits(), lookups_burst=10_000, points_burst=10**7)),
        employer_id=employer_id,
    )
    people, cards = set[str](), set[str]()
    for nik, phone, email, kk, card, account in await pool.fetch(SELECT_SECRETS, insured.family_id):
        people |= {nik, phone, email, kk} - {None}
        cards |= {card, account} - {None}
    hidden = people if role in WHOLE_CARDS else people | cards
    shown: list[tuple[str, str]] = []

    for way in WAYS:
        whole = replace(way, text=way.text.replace("%", f"__typename {leaves(way)}"))
        answer = await frontend.answer(whole.query, role=role, **used(way, keys))
        assert "data" in answer, (whole.query, answer)
        text = str(answer)
        shown += [(way.query, number) for number in hidden if number in text]

    assert len(hidden) >= 5
    assert not shown
