"""Public information as the schema shows it: offices and the care centre."""

from enum import StrEnum

import strawberry

from iuran.core.complaints.records import ComplaintChannel
from iuran.core.information.offices import care_centre, offices
from iuran.graphql.compiler.declarations import Attribute, Made, Source, everybody
from iuran.graphql.types.enums import publish


class OfficeKind(StrEnum):
    """What an office is."""

    BRANCH = "BRANCH"
    DISTRICT_OFFICE = "DISTRICT_OFFICE"


publish(
    OfficeKind,
    "What an office is.",
    {
        OfficeKind.BRANCH: "A branch (kantor cabang).",
        OfficeKind.DISTRICT_OFFICE: "An office of a regency or city (kantor kabupaten/kota).",
    },
)


@strawberry.type(description="An office that people can go to (kantor).")
class Office:
    """An office."""

    code: str = strawberry.field(description="Its code.")
    name: str = strawberry.field(description="Its name.")
    kind: OfficeKind = strawberry.field(description="What it is.")
    district: str = strawberry.field(description="Its regency or city.")
    province: str = strawberry.field(description="Its province.")
    address: str = strawberry.field(description="Street and number.")
    hours: str = strawberry.field(description="When it is open.")


@strawberry.type(description="Whom to call and where to go: the care centre (165) and the offices.")
class Information:
    """What everybody may know."""

    phone: str = strawberry.field(description="The telephone number of the care centre.")
    former_phone: str = strawberry.field(description="Its former number, still widely known.")
    complaint_channels: list[ComplaintChannel] = strawberry.field(
        description="The ways in which a complaint can come in."
    )
    offices: list[Office] = strawberry.field(
        description="All offices, in the order of their codes."
    )


def _information(_: object) -> Information:
    centre = care_centre()
    return Information(
        phone=centre.phone,
        former_phone=centre.former_phone,
        complaint_channels=[ComplaintChannel(channel) for channel in centre.channels],
        offices=[
            Office(
                code=one.code,
                name=one.name,
                kind=OfficeKind(one.kind),
                district=one.district,
                province=one.province,
                address=one.address,
                hours=one.hours,
            )
            for one in offices()
        ],
    )


INFORMATION = Source(
    type_name="Information",
    table="(SELECT 1 AS only) AS {row}",
    access=everybody(),
    is_given=True,
    made=Made(of=_information),
    fields={
        "phone": Attribute("phone"),
        "formerPhone": Attribute("former_phone"),
        "complaintChannels": Attribute("complaint_channels"),
        "offices": Attribute("offices"),
    },
)
OFFICE = Source(
    type_name="Office",
    table="",
    access=everybody(),
    fields={
        "code": Attribute("code"),
        "name": Attribute("name"),
        "kind": Attribute("kind"),
        "district": Attribute("district"),
        "province": Attribute("province"),
        "address": Attribute("address"),
        "hours": Attribute("hours"),
    },
)
