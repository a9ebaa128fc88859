"""Facilities as the schema shows them: where care is given."""

from datetime import date
from typing import Annotated, Final

import strawberry

from iuran.core.facilities.home import ChangeReason
from iuran.core.facilities.registry import FacilityKind, FacilityLevel
from iuran.graphql.compiler.declarations import (
    Filter,
    Fragment,
    Key,
    One,
    Paged,
    Source,
    everybody,
    of_family,
)
from iuran.graphql.types.capitation import (
    STATEMENT_ORDER,
    STATEMENTS_OF_FACILITY,
    TARIFFS_OF_FACILITY,
    CapitationStatement,
    CapitationTariff,
)
from iuran.graphql.types.enums import publish
from iuran.graphql.types.facility_contracts import CONTRACTS_OF_FACILITY, FacilityContract
from iuran.graphql.types.fields import declared
from iuran.graphql.types.filters import BooleanFilter, TextFilter, equal_to
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.orders import order_by
from iuran.graphql.types.pagination import Connection, in_pages
from iuran.graphql.types.weights import counted_as

FACILITY_ORDER = order_by("Facility", CODE="Its code.", NAME="Its name, whatever its case.")


publish(
    FacilityLevel,
    "The tier of a facility. Care begins at the first level, except in an emergency.",
    {
        FacilityLevel.FKTP: "First level (fasilitas kesehatan tingkat pertama).",
        FacilityLevel.FKRTL: "Referral level (rujukan tingkat lanjutan), upon a referral.",
    },
)
publish(
    FacilityKind,
    "What a facility is.",
    {
        FacilityKind.PUSKESMAS: "A community health centre (puskesmas).",
        FacilityKind.CLINIC: "A clinic of the first level (klinik pratama).",
        FacilityKind.DOCTOR: "A doctor's practice (dokter praktik perorangan).",
        FacilityKind.DENTIST: "A dentist's practice (dokter gigi).",
        FacilityKind.HOSPITAL: "A hospital (rumah sakit).",
        FacilityKind.SPECIALIST_CLINIC: "A specialist clinic (klinik utama).",
    },
)
publish(
    ChangeReason,
    "Why a participant is registered at his facility of the first level.",
    {
        ChangeReason.FIRST_CHOICE: "Chosen at the registration.",
        ChangeReason.OWN_WISH: "His own wish; possible after three months.",
        ChangeReason.MOVED_HOUSE: "He moved house.",
        ChangeReason.POSTED: "He was posted elsewhere.",
        ChangeReason.REDISTRIBUTION: "Participants were redistributed among facilities.",
    },
)


@strawberry.input(description="Compares a facility's level.")
class FacilityLevelFilter:
    """A comparator of levels."""

    eq: FacilityLevel = strawberry.field(description="Is this one.")


@strawberry.input(description="Which facilities are wanted. All conditions must hold.")
class FacilityFilter:
    """Conditions on facilities."""

    place: TextFilter | None = strawberry.field(
        default=strawberry.UNSET, description="In this district or province, by its name."
    )
    service: TextFilter | None = strawberry.field(
        default=strawberry.UNSET, description="Offers this service, such as `DIALYSIS`."
    )
    level: FacilityLevelFilter | None = strawberry.field(
        default=strawberry.UNSET, description="Of this level."
    )
    is_partner: BooleanFilter | None = strawberry.field(
        default=strawberry.UNSET, description="Under contract today, or not."
    )


FacilityFilterArgument = Annotated[
    FacilityFilter | None, strawberry.argument(description="Only facilities like this.")
]


@strawberry.type(
    description="A facility (fasilitas kesehatan): where participants get care. Known to everybody."
)
class Facility(Node):
    """A facility."""

    code: str = strawberry.field(description="Its code of 8 characters (kode PPK).")
    name: str = strawberry.field(description="Its name.")
    level: FacilityLevel = strawberry.field(description="Its tier.")
    kind: FacilityKind = strawberry.field(description="What it is.")
    district: str = strawberry.field(description="Its regency or city (kabupaten, kota).")
    province: str = strawberry.field(description="Its province.")
    address: str = strawberry.field(description="Street and number.")
    phone: str | None = strawberry.field(description="Its telephone number, if it is known.")
    services: list[str] = strawberry.field(
        description="Codes of what it offers, such as `DIALYSIS`."
    )
    is_partner: bool = strawberry.field(
        description="Whether it is under contract today (bekerja sama). Elsewhere care is covered "
        "in an emergency only."
    )
    contracts: list[FacilityContract] = declared(
        description="Its contracts, the newest first, at most 20; for officers and the facility "
        "itself, empty for others.",
        directives=counted_as(2),
    )
    capitation_tariffs: list[CapitationTariff] = declared(
        description="What is agreed for each of its people, the newest first, at most 24; for "
        "officers and the facility itself, empty for others.",
        directives=counted_as(2),
    )
    capitation_statements: Connection[CapitationStatement] = in_pages(
        description="What it gets for each month, the newest first; for officers and the facility "
        "itself, empty for others.",
        order_by=STATEMENT_ORDER,
    )


@strawberry.type(
    description="Where a participant is registered for first-level care (FKTP terdaftar)."
)
class HomeFacility:
    """A registration at a facility."""

    first_day: date = strawberry.field(description="Since when.")
    reason: ChangeReason = strawberry.field(description="Why there.")
    facility: Facility | None = declared(description="The facility.")


_IS_PARTNER: Final[Fragment] = (
    "EXISTS (SELECT FROM facility_contract AS c WHERE c.facility_code = {row}.facility_code "
    "AND c.approved_by IS NOT NULL AND {today} BETWEEN c.first_day AND c.last_day)"
)

FACILITY = Source(
    type_name="Facility",
    table="facility AS {row}",
    access=everybody(),
    key=("facility_id",),
    fields={
        "code": "{row}.facility_code",
        "name": "{row}.name",
        "level": "{row}.level",
        "kind": "{row}.kind",
        "district": "{row}.district",
        "province": "{row}.province",
        "address": "{row}.address",
        "phone": "{row}.phone",
        "services": "ARRAY(SELECT s.service FROM facility_service AS s "
        "WHERE s.facility_code = {row}.facility_code ORDER BY s.service LIMIT 200)",
        "isPartner": _IS_PARTNER,
        "contracts": CONTRACTS_OF_FACILITY,
        "capitationTariffs": TARIFFS_OF_FACILITY,
        "capitationStatements": STATEMENTS_OF_FACILITY,
    },
)

HOME_FACILITY = Source(
    type_name="HomeFacility",
    table="home_facility AS {row}",
    access=of_family("{row}.family_id"),
    fields={
        "firstDay": "{row}.first_day",
        "reason": "{row}.reason",
        "facility": One(target="Facility", where="{row}.facility_code = {parent}.facility_code"),
    },
)

HOME_OF_PARTICIPANT = One(
    target="HomeFacility",
    where="{row}.family_id = {parent}.family_id "
    "AND {row}.participant_id = {parent}.participant_id AND {row}.first_day <= {today}",
    order="{row}.first_day DESC, {row}.registration_id DESC",
)

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SIGN, _THOUSAND = 36, 1_000


def code_of(number: int) -> str:
    """Return the facility code that stands in a cursor as a number; an invented one is none."""
    rest, last = divmod(number, _THOUSAND)
    first, sign = divmod(rest, _SIGN)
    return f"{first:04d}{_LETTERS[sign]}{last:03d}"


FACILITIES = Paged(
    target="Facility",
    where="true",
    order="CODE",
    keys=(
        Key(
            sql="{row}.facility_code",
            type="text",
            written="(left({row}.facility_code, 4)::bigint * 36 + "
            "strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr({row}.facility_code, 5, 1)) "
            "- 1) * 1000 + right({row}.facility_code, 3)::bigint",
            read=code_of,
        ),
    ),
    list_name="FacilityCursor",
    descending=False,
    orders={
        "NAME": (
            Key(
                sql="lower({row}.name)",
                written="{row}.facility_id",
                found="(SELECT lower(f.name) FROM facility AS f WHERE f.facility_id = {number})",
            ),
            Key(sql="{row}.facility_id"),
        )
    },
    filters=(
        Filter(
            name="place",
            type="text",
            where="(lower({row}.district) = lower({place}) "
            "OR lower({row}.province) = lower({place}))",
            of=equal_to("place"),
        ),
        Filter(
            name="service",
            type="text",
            where="EXISTS (SELECT FROM facility_service AS s "
            "WHERE s.service = upper({service}) AND s.facility_code = {row}.facility_code)",
            of=equal_to("service"),
        ),
        Filter(name="level", type="text", where="{row}.level = {level}", of=equal_to("level")),
        Filter(
            name="is_partner",
            type="boolean",
            where=_IS_PARTNER + " = {is_partner}",
            of=equal_to("isPartner"),
        ),
    ),
)
