"""Eligibility at the moment of service as the schema shows it: is this care covered, and why."""

from datetime import date, datetime
from typing import Annotated, Final

import strawberry

from iuran.core.care.certificates import SELECT_IS_CERTIFIED
from iuran.core.care.circumstances import COUNT_VISITS_AWAY
from iuran.core.care.cover import SELECT_COVER, SELECT_WINDOW
from iuran.core.care.eligibility import (
    CareRequest,
    Circumstances,
    Eligibility,
    Referral,
    judge,
)
from iuran.core.care.referrals import SELECT_REFERRAL
from iuran.core.care.stay_fines import StayFine as Assessed
from iuran.core.explanations import explain_eligibility
from iuran.core.facilities.home import SELECT_HOME
from iuran.core.facilities.registry import SELECT_FACILITY, Facility, FacilityKind, FacilityLevel
from iuran.core.money import Rupiah
from iuran.graphql.compiler.declarations import (
    Attribute,
    Column,
    Fragment,
    Made,
    Source,
    everybody,
    of_family,
)
from iuran.graphql.compiler.statements import inlined, lateral
from iuran.graphql.reads.reading import Question
from iuran.graphql.types.covers import (
    COVER_COLUMNS,
    WINDOW_COLUMNS,
    CoverRow,
    WindowRow,
    cover_of,
    window_of,
)
from iuran.graphql.types.enums import CareClass, CareType, Debtor, Exemption, Refusal
from iuran.graphql.types.explanations import Explanation
from iuran.graphql.types.scalars import CardNumber


@strawberry.input(description="The care that somebody seeks.")
class CareSought:
    """What the check looks at."""

    care_type: CareType = strawberry.field(description="What care.")
    facility_code: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Where, by its code of 8 characters. A facility always asks for itself and "
        "may leave it out; everybody else has to give it.",
    )
    is_emergency: bool = strawberry.field(
        default=False, description="Whether it is an emergency: no referral is needed then."
    )
    referral_number: str | None = strawberry.field(
        default=strawberry.UNSET, description="The referral that he brings, if he brings one."
    )
    estimated_tariff: Rupiah | None = strawberry.field(
        default=strawberry.UNSET,
        description="What an inpatient stay is expected to cost: its fine follows from it.",
    )


CareArgument = Annotated[CareSought, strawberry.argument(description="Which care he seeks.")]


@strawberry.type(description="The fine that an inpatient stay would carry (denda pelayanan).")
class ExpectedFine:
    """A fine that is not assessed yet."""

    amount: Rupiah = strawberry.field(description='How much; `"0"` if there is none.')
    arrears_months: int = strawberry.field(description="The months in arrears that count.")
    debtor: Debtor = strawberry.field(description="Who would owe it.")
    exemption: Exemption | None = strawberry.field(
        description="Why there is none; null if there is one."
    )

    @classmethod
    def of(cls, fine: Assessed) -> "ExpectedFine":
        """Show what was found."""
        return cls(
            amount=fine.fine.amount,
            arrears_months=fine.fine.months,
            debtor=fine.debtor,
            exemption=fine.exemption,
        )


@strawberry.type(
    description="Whether care is covered if it starts now (cek eligibilitas), and every rule that "
    "says so. Nothing is recorded: a visit or a letter (SEP) is made of its own."
)
class EligibilityCheck:
    """The outcome of a check."""

    participant_name: str = strawberry.field(description="Who shows the card.")
    card_number: CardNumber = strawberry.field(
        description="His card number; masked for roles that may not see it whole."
    )
    birth_date: date = strawberry.field(description="His day of birth, to tell him by.")
    facility_code: str = strawberry.field(description="The facility that gives the care.")
    facility_name: str = strawberry.field(description="Its name.")
    checked_at: datetime = strawberry.field(description="The moment for which it was checked.")
    is_eligible: bool = strawberry.field(
        description="Whether the care is covered. With a fine, only once that is paid."
    )
    refusals: list[Refusal] = strawberry.field(
        description="All reasons against it; empty if it is covered."
    )
    care_class: CareClass | None = strawberry.field(
        description="The class of room that is covered; null if he is in no membership."
    )
    fine: ExpectedFine | None = strawberry.field(
        description="The fine of an inpatient stay that begins now, or why there is none; null "
        "if he is in no membership."
    )
    explanation: Explanation = strawberry.field(
        description="Each rule that was looked at, met or not, in English and in Indonesian."
    )


class _Judged:
    """What was found, by the names of the schema."""

    def __init__(self, facility: Facility, found: Eligibility, *, at: datetime) -> None:
        self.facility_code = facility.facility_code
        self.facility_name = facility.name
        self.checked_at = at
        self.is_eligible = found.is_eligible
        self.refusals = list(found.refusals)
        self.care_class = found.care_class
        self.fine = None if found.fine is None else ExpectedFine.of(found.fine)
        self.explanation = Explanation.of(explain_eligibility(found, at=at))


_Sought = tuple[str, bool, str | None, int | None]


def _judged(  # noqa: PLR0913, PLR0917 - one for each statement of the domain that is joined
    question: Question,
    person: tuple[int, int],
    sought: _Sought,
    facility: tuple[str, str, str, str, str, str, str, str | None, list[str], bool],
    cover: CoverRow | None,
    home_facility_code: str | None,
    visits_away: int,
    referral: tuple[str, int, str, date, date] | None,
    window: WindowRow | None,
    is_certified_unable: bool,  # noqa: FBT001 - a column
) -> _Judged:
    """Judge as of now what the columns say of the person, the care and the facility."""
    where = _facility(*facility)
    request = _request(person, sought, where.facility_code, at=question.at)
    found = Circumstances(
        cover=None if cover is None else cover_of(cover, month=question.month),
        facility=where,
        home_facility_code=home_facility_code,
        visits_away=visits_away,
        referral=None if referral is None else _referral(*referral),
        window=None if window is None else window_of(window),
        is_certified_unable=is_certified_unable,
    )
    return _Judged(where, judge(request, found), at=question.at)


def _request(
    person: tuple[int, int], sought: _Sought, facility_code: str, *, at: datetime
) -> CareRequest:
    care_type, is_emergency, referral_number, tariff = sought
    return CareRequest(
        family_id=person[0],
        participant_id=person[1],
        facility_code=facility_code,
        care_type=CareType(care_type),
        starts_at=at,
        is_emergency=is_emergency,
        referral_number=referral_number,
        estimated_tariff=Rupiah(tariff or 0),
    )


def _facility(  # noqa: PLR0913, PLR0917 - one for each column
    facility_code: str,
    name: str,
    level: str,
    kind: str,
    district: str,
    province: str,
    address: str,
    phone: str | None,
    services: list[str],
    is_partner: bool,  # noqa: FBT001 - a column
) -> Facility:
    return Facility(
        facility_code=facility_code,
        name=name,
        level=FacilityLevel(level),
        kind=FacilityKind(kind),
        district=district,
        province=province,
        address=address,
        phone=phone,
        services=tuple(services),
        is_partner=is_partner,
    )


def _referral(
    number: str, participant_id: int, to_facility_code: str, issued_on: date, valid_until: date
) -> Referral:
    return Referral(
        referral_number=number,
        participant_id=participant_id,
        to_facility_code=to_facility_code,
        issued_on=issued_on,
        valid_until=valid_until,
    )


_FAMILY: Final[Fragment] = "{row}.family_id"
_PERSON: Final[Fragment] = "{row}.participant_id"
_HERE: Final[Fragment] = "coalesce({viewer_facility}, upper({facility}))"
_FIRST_DAY: Final[Fragment] = "date_trunc('month', {today}::timestamp)::date"
_LAST_DAY: Final[Fragment] = (
    "(date_trunc('month', {today}::timestamp) + interval '1 month - 1 day')::date"
)

ELIGIBILITY_CHECK = Source(
    type_name="EligibilityCheck",
    table="participant AS {row} JOIN LATERAL ("
    + inlined(SELECT_FACILITY, _HERE, "{today}")
    + ") AS {row}f ON true"
    + lateral(SELECT_COVER, _FAMILY, _PERSON, "{now}", "{month}", alias="{row}c")
    + lateral(
        SELECT_WINDOW,
        *("{row}c.family_id", "{row}c.participant_id", "{row}c.membership_id", "{now}"),
        alias="{row}w",
    )
    + lateral(SELECT_HOME, _FAMILY, _PERSON, "{today}", alias="{row}h")
    + lateral(SELECT_REFERRAL, _FAMILY, "upper({referral})", alias="{row}r"),
    access=of_family("{row}.family_id", by_card="{row}.card_number = {shown_card}"),
    made=Made(
        of=_judged,
        needs=(
            "ROW({row}.family_id, {row}.participant_id)",
            "ROW({care_type}, {is_emergency}, upper({referral}), {tariff})",
            (
                "ROW({row}f.facility_code, {row}f.name, {row}f.level, {row}f.kind, "
                "{row}f.district, {row}f.province, {row}f.address, {row}f.phone, {row}f.services, "
                "{row}f.is_partner)"
            ),
            ("CASE WHEN {row}c.membership_id IS NOT NULL THEN ROW(" + COVER_COLUMNS + ") END"),
            "{row}h.facility_code",
            "("
            + inlined(
                COUNT_VISITS_AWAY,
                *(_FAMILY, _PERSON, "{row}f.facility_code", _FIRST_DAY, _LAST_DAY, "{now}"),
            )
            + ")",
            (
                "CASE WHEN {row}r.referral_number IS NOT NULL THEN ROW({row}r.referral_number, "
                "{row}r.participant_id, {row}r.to_facility_code, {row}r.issued_on, "
                "{row}r.valid_until) END"
            ),
            ("CASE WHEN {row}w.first_day IS NOT NULL THEN ROW(" + WINDOW_COLUMNS + ") END"),
            "(" + inlined(SELECT_IS_CERTIFIED, _FAMILY, "{today}") + ")",
        ),
    ),
    fields={
        "participantName": "{row}.name",
        "cardNumber": Column(
            sql="{row}.card_number", cards="repeat('*', 9) || right({row}.card_number, 4)"
        ),
        "birthDate": "{row}.birth_date",
        "facilityCode": Attribute("facility_code"),
        "facilityName": Attribute("facility_name"),
        "checkedAt": Attribute("checked_at"),
        "isEligible": Attribute("is_eligible"),
        "refusals": Attribute("refusals"),
        "careClass": Attribute("care_class"),
        "fine": Attribute("fine"),
        "explanation": Attribute("explanation"),
    },
)
EXPECTED_FINE = Source(
    type_name="ExpectedFine",
    table="",
    access=everybody(),
    fields={
        "amount": Attribute("amount"),
        "arrearsMonths": Attribute("arrears_months"),
        "debtor": Attribute("debtor"),
        "exemption": Attribute("exemption"),
    },
)
