"""Enums that inputs have: those of types, which publish them, and those that no type has."""

from iuran.core.complaints.satisfaction import SatisfactionSubject
from iuran.core.data_changes import DataField
from iuran.graphql.types.care import CareType
from iuran.graphql.types.complaints import ComplaintCategory, ComplaintChannel
from iuran.graphql.types.enums import publish
from iuran.graphql.types.facilities import ChangeReason

__all__ = [
    "CareType",
    "ChangeReason",
    "ComplaintCategory",
    "ComplaintChannel",
    "DataField",
    "SatisfactionSubject",
]

publish(
    SatisfactionSubject,
    "What somebody rates.",
    {
        SatisfactionSubject.REGISTRATION: "How he was registered.",
        SatisfactionSubject.CARE: "His care.",
        SatisfactionSubject.CLAIM: "How his claim was handled.",
        SatisfactionSubject.COMPLAINT: "How his complaint was handled.",
        SatisfactionSubject.INFORMATION: "What he was told.",
    },
)
publish(
    DataField,
    "What of a participant's data is changed.",
    {
        DataField.NAME: "His name.",
        DataField.BIRTH_DATE: "His day of birth, as `YYYY-MM-DD`.",
        DataField.SEX: "His sex, `F` or `M`.",
        DataField.EMAIL: "His e-mail address; null removes it.",
        DataField.PHONE: "His telephone number; null removes it.",
    },
)
