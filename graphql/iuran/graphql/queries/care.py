"""Questions about care: facilities, papers, claims and complaints."""

from collections.abc import Mapping
from typing import Annotated, Final, cast

import strawberry

from iuran.graphql.compiler.declarations import (
    Arguments,
    Declared,
    Found,
    Fragment,
    LookUp,
    Root,
    Way,
)
from iuran.graphql.queries.ways import by_number, look_up, serial_of
from iuran.graphql.types.care import (
    LETTER_ORDER,
    LETTERS,
    REFERRAL_ORDER,
    REFERRALS,
    VISIT_ORDER,
    VISITS,
    EligibilityLetter,
    Referral,
    Visit,
)
from iuran.graphql.types.claims import CLAIM_ORDER, CLAIMS, Claim, ClaimFilterArgument
from iuran.graphql.types.complaints import (
    COMPLAINT_ORDER,
    COMPLAINTS,
    Complaint,
    ComplaintFilterArgument,
)
from iuran.graphql.types.eligibility import CareArgument, EligibilityCheck
from iuran.graphql.types.facilities import (
    FACILITIES,
    FACILITY_ORDER,
    Facility,
    FacilityFilterArgument,
)
from iuran.graphql.types.fields import declared
from iuran.graphql.types.pagination import Connection, in_pages
from iuran.graphql.types.scalars import CardNumber
from iuran.graphql.types.weights import weighing

_ID = "Its ID."


@strawberry.input(one_of=True, description="Which facility: give exactly one.")
class FacilityBy:
    """The ways to a facility."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description=_ID)
    code: str | None = strawberry.field(
        default=strawberry.UNSET, description="Its code of 8 characters (kode PPK)."
    )


@strawberry.input(one_of=True, description="Which paper: give exactly one.")
class PaperBy:
    """The ways to a visit, a referral or a letter."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description=_ID)
    number: str | None = strawberry.field(
        default=strawberry.UNSET, description="Its number of 19 characters."
    )


@strawberry.input(one_of=True, description="Which claim: give exactly one.")
class ClaimBy:
    """The ways to a claim."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description=_ID)
    number: str | None = strawberry.field(
        default=strawberry.UNSET, description="Its number, as `K000000012`."
    )


@strawberry.input(one_of=True, description="Which complaint: give exactly one.")
class ComplaintBy:
    """The ways to a complaint."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description=_ID)
    number: str | None = strawberry.field(
        default=strawberry.UNSET, description="Its number, as `P000000012`."
    )


_Paper = Annotated[PaperBy, strawberry.argument(description="Which paper.")]


@strawberry.type(description="Questions about care.")
class CareQueries:
    """Reads of care."""

    eligibility_check: EligibilityCheck | None = declared(
        description="Whether care is covered for who shows a card, if it starts now; null if "
        "there is no such card or facility. For facilities, and for those who may see the "
        "family.",
        directives=weighing(10),
        card_number=Annotated[
            CardNumber, strawberry.argument(description="The number on the card that is shown.")
        ],
        care=CareArgument,
    )
    facility: Facility | None = declared(
        description="A facility by its ID or its code.",
        by=Annotated[FacilityBy, strawberry.argument(description="Which facility.")],
    )
    facilities: Connection[Facility] = in_pages(
        description="Facilities by place, service and level, in the order of their codes.",
        filter=FacilityFilterArgument,
        order_by=FACILITY_ORDER,
    )
    visit: Visit | None = declared(description="A visit by its ID or its number.", by=_Paper)
    visits: Connection[Visit] = in_pages(
        description="Your facility's own visits, the newest first; empty if you are none.",
        order_by=VISIT_ORDER,
    )
    referral: Referral | None = declared(
        description="A referral by its ID or its number.", by=_Paper
    )
    referrals: Connection[Referral] = in_pages(
        description="Referrals to your facility, the newest first; empty if you are none.",
        order_by=REFERRAL_ORDER,
    )
    eligibility_letter: EligibilityLetter | None = declared(
        description="A letter of eligibility (SEP) by its ID or its number.", by=_Paper
    )
    eligibility_letters: Connection[EligibilityLetter] = in_pages(
        description="Your facility's letters of eligibility (SEP), the newest first; empty if you "
        "are none.",
        order_by=LETTER_ORDER,
    )
    claim: Claim | None = declared(
        description="A claim by its ID or its number.",
        by=Annotated[ClaimBy, strawberry.argument(description="Which claim.")],
    )
    claims: Connection[Claim] = in_pages(
        description="The claims that you may see, the newest first: a facility's own, a family's, "
        "or all for officers.",
        filter=ClaimFilterArgument,
        order_by=CLAIM_ORDER,
    )
    complaint: Complaint | None = declared(
        description="A complaint by its ID or its number.",
        by=Annotated[ComplaintBy, strawberry.argument(description="Which complaint.")],
    )
    complaints: Connection[Complaint] = in_pages(
        description="The complaints that you may see, the newest first.",
        filter=ComplaintFilterArgument,
        order_by=COMPLAINT_ORDER,
    )


_NUMBERS: Final[Fragment] = "care_number AS {row}n, "
_OF_NUMBER: Final[Fragment] = (
    "{row}n.care_number = upper({number}) AND {row}.family_id = {row}n.family_id AND "
)

CARE_LISTS: dict[str, Declared] = {
    "facilities": FACILITIES,
    "visits": VISITS,
    "referrals": REFERRALS,
    "eligibilityLetters": LETTERS,
    "claims": CLAIMS,
    "complaints": COMPLAINTS,
}


def _care_sought(arguments: Arguments) -> Found:
    # As the schema has coerced it: an input object's members by their names.
    care = cast("Mapping[str, object]", arguments["care"])
    return Found(
        way="card",
        values={
            "number": arguments["cardNumber"],
            "facility": care.get("facilityCode"),
            "care_type": care["careType"],
            "is_emergency": care.get("isEmergency", False),
            "referral": care.get("referralNumber"),
            "tariff": care.get("estimatedTariff"),
        },
    )


CARE_ROOTS: dict[str, Root] = {
    "eligibilityCheck": LookUp(
        target="EligibilityCheck",
        ways={
            "card": Way(
                via="participant_card AS {row}n, ",
                where="{row}n.card_number = {number} AND {row}.family_id = {row}n.family_id "
                "AND {row}.participant_id = {row}n.participant_id",
                values={
                    "number": "text",
                    "facility": "text",
                    "care_type": "text",
                    "is_emergency": "boolean",
                    "referral": "text",
                    "tariff": "bigint",
                },
                shows_card=True,
            )
        },
        of=_care_sought,
    ),
    "facility": look_up(
        "Facility",
        "facility_id",
        ways={"code": by_number("{row}.facility_code = upper({number})")},
    ),
    "visit": look_up(
        "Visit",
        "family_id",
        "visit_id",
        ways={
            "number": by_number(_OF_NUMBER + "{row}.visit_number = upper({number})", via=_NUMBERS)
        },
    ),
    "referral": look_up(
        "Referral",
        "family_id",
        "referral_id",
        ways={
            "number": by_number(
                _OF_NUMBER + "{row}.referral_number = upper({number})", via=_NUMBERS
            )
        },
    ),
    "eligibilityLetter": look_up(
        "EligibilityLetter",
        "family_id",
        "letter_id",
        ways={
            "number": by_number(_OF_NUMBER + "{row}.letter_number = upper({number})", via=_NUMBERS)
        },
    ),
    "claim": look_up(
        "Claim",
        "family_id",
        "claim_id",
        ways={"number": by_number("{row}.claim_id = " + serial_of("K"))},
    ),
    "complaint": look_up(
        "Complaint",
        "bucket",
        "complaint_id",
        ways={
            "number": by_number(
                "{row}.complaint_id = "
                + serial_of("P")
                + " AND {row}.bucket = ("
                + serial_of("P")
                + ") % 16"
            )
        },
    ),
}
