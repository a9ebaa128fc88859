"""Enums that inputs have: those of types, which publish them, and those that no type has."""

from iuran.core.care.care_types import CareType
from iuran.core.complaints.records import ComplaintCategory, ComplaintChannel
from iuran.core.complaints.satisfaction import SatisfactionSubject
from iuran.core.data_changes import DataField
from iuran.core.facilities.home import ChangeReason
from iuran.core.facilities.registry import FacilityKind, FacilityLevel
from iuran.core.registration_steps import RegistrationStep
from iuran.graphql.types import (
    care,
    complaints,
    employers,
    facilities,
    public_figures,
    registration,
)
from iuran.graphql.types.enums import publish
from iuran.payments.fine_relief import ReliefGround

__all__ = [
    "CareType",
    "ChangeReason",
    "ComplaintCategory",
    "ComplaintChannel",
    "DataField",
    "FacilityKind",
    "FacilityLevel",
    "RegistrationStep",
    "ReliefGround",
    "SatisfactionSubject",
]

PUBLISHED_BY = (care, complaints, employers, facilities, public_figures, registration)
"""The types that publish the others, before an input first uses them."""

publish(
    DataField,
    "What of a participant's data is changed.",
    {
        DataField.NAME: "His name.",
        DataField.BIRTH_DATE: "His day of birth, as `YYYY-MM-DD`.",
        DataField.SEX: "His sex, `FEMALE` or `MALE`.",
        DataField.EMAIL: "His e-mail address; null removes it.",
        DataField.PHONE: "His telephone number; null removes it.",
    },
)
publish(
    ReliefGround,
    "Why a fine need not be paid.",
    {
        ReliefGround.LAW: "A law writes it off, as it does arrears (pemutihan).",
        ReliefGround.CERTIFICATE: "A letter of inability that speaks for the admission was "
        "approved after it.",
        ReliefGround.CORRECTION: "It was assessed wrongly, and never owed.",
    },
)
