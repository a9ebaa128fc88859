"""Enums of the domain, published with a description for each value.

Types import them from here, so that each is published before a type first uses it.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import TypeVar, cast

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from iuran.core.bills import BillState
from iuran.core.care.care_types import CareType
from iuran.core.care.eligibility import Refusal
from iuran.core.care.stay_fines import Exemption
from iuran.core.families import Relation
from iuran.core.fines import Debtor
from iuran.core.identifiers import Sex
from iuran.core.membership import MembershipState
from iuran.core.segments import CareClass, Segment
from iuran.graphql.identity import Role
from iuran.graphql.languages import Language

__all__ = [
    "BillState",
    "CareClass",
    "CareType",
    "Debtor",
    "Exemption",
    "Language",
    "MembershipCause",
    "MembershipState",
    "PayableStatus",
    "Reach",
    "Refusal",
    "Relation",
    "Role",
    "Segment",
    "Sex",
    "publish",
]

E = TypeVar("E", bound=Enum)


class MembershipCause(StrEnum):
    """Why a membership changed."""

    REGISTRATION = "REGISTRATION"
    FIRST_PAYMENT = "FIRST_PAYMENT"
    PAYMENT = "PAYMENT"
    MONTH_CLOSED_UNPAID = "MONTH_CLOSED_UNPAID"
    SUSPENSION_UNDONE = "SUSPENSION_UNDONE"
    CREDIT_USED = "CREDIT_USED"
    MEMBER_ADDED = "MEMBER_ADDED"
    BILL_CORRECTED = "BILL_CORRECTED"
    ARREARS_WRITTEN_OFF = "ARREARS_WRITTEN_OFF"
    SEGMENT_RETURNED = "SEGMENT_RETURNED"
    SEGMENT_LEFT = "SEGMENT_LEFT"
    FAMILY_SPLIT = "FAMILY_SPLIT"
    LAST_MEMBER_LEFT = "LAST_MEMBER_LEFT"
    INSTALMENT_PAID = "INSTALMENT_PAID"
    INSTALMENT_PLAN_ENDED = "INSTALMENT_PLAN_ENDED"
    EMPLOYMENT_BEGAN = "EMPLOYMENT_BEGAN"
    EMPLOYMENT_ENDED = "EMPLOYMENT_ENDED"
    LAYOFF = "LAYOFF"
    LAYOFF_ENDED = "LAYOFF_ENDED"
    STATE_PAID = "STATE_PAID"


class PayableStatus(StrEnum):
    """Whether something can be paid now."""

    PAYABLE = "PAYABLE"
    ALREADY_PAID = "ALREADY_PAID"
    TOO_EARLY = "TOO_EARLY"
    EXPIRED = "EXPIRED"
    NOT_BILLED = "NOT_BILLED"


class Reach(StrEnum):
    """Whose data a viewer may see."""

    ALL_FAMILIES = "ALL_FAMILIES"
    OWN_FAMILY = "OWN_FAMILY"
    PRESENTED_CARDS = "PRESENTED_CARDS"
    NOTHING = "NOTHING"


def publish(enum: type[E], description: str, values: Mapping[E, str]) -> None:
    """Make an enum of the domain one of the schema; every value must be described."""
    strawberry.enum(enum, description=description)
    # strawberry.enum puts its definition on the class, where no type checker can see it.
    definition = cast("StrawberryEnumDefinition", vars(enum)["__strawberry_definition__"])
    for value in definition.values:
        value.description = values[enum[value.name]]


publish(
    BillState,
    "What became of a bill (status tagihan).",
    {
        BillState.OPEN: "Can be paid. It may also be overdue, see `Bill.isOverdue`.",
        BillState.PAID: "Paid in full; a bill is never paid in part.",
        BillState.NOT_BILLABLE: "Older than the 24 months of arrears that the law allows to ask "
        "for. It stays on record and needs no payment.",
        BillState.WRITTEN_OFF: "A law took it off what is owed (pemutihan). It stays on record and "
        "needs no payment.",
    },
)
publish(
    MembershipState,
    "Whether the insurance covers care now (status kepesertaan). Being late with a bill does not "
    "change it before the month has ended.",
    {
        MembershipState.PENDING: "Registered, and waiting for the first payment. Not covered.",
        MembershipState.ACTIVE: "Covered (aktif).",
        MembershipState.SUSPENDED: "A month ended unpaid: not covered until all arrears are paid "
        "(non-aktif karena premi).",
        MembershipState.INACTIVE_SEGMENT_CHANGE: "Ended here, because the participants are insured "
        "in another segment now.",
    },
)
publish(
    MembershipCause,
    "Why a membership changed.",
    {
        MembershipCause.REGISTRATION: "The family registered (pendaftaran).",
        MembershipCause.FIRST_PAYMENT: "It paid for the first time and became covered.",
        MembershipCause.PAYMENT: "It paid; cover went on or came back.",
        MembershipCause.MONTH_CLOSED_UNPAID: "A month ended unpaid: suspended from the 1st of the "
        "next.",
        MembershipCause.SUSPENSION_UNDONE: "A payment that was in time became known after the "
        "month had ended: it was never suspended.",
        MembershipCause.CREDIT_USED: "Credit (saldo) settled what was owed.",
        MembershipCause.MEMBER_ADDED: "Somebody joined, and a bill grew.",
        MembershipCause.BILL_CORRECTED: "A bill was corrected.",
        MembershipCause.SEGMENT_RETURNED: "The family pays for itself again, and its old debts "
        "with it.",
        MembershipCause.ARREARS_WRITTEN_OFF: "A law took arrears off what is owed (pemutihan).",
        MembershipCause.SEGMENT_LEFT: "The participants are insured in another segment now.",
        MembershipCause.FAMILY_SPLIT: "People of another family card began one of their own.",
        MembershipCause.LAST_MEMBER_LEFT: "Nobody is left in it.",
        MembershipCause.INSTALMENT_PAID: "A step of an instalment plan (REHAB) was paid.",
        MembershipCause.INSTALMENT_PLAN_ENDED: "A step of an instalment plan was missed.",
        MembershipCause.EMPLOYMENT_BEGAN: "An employer pays from now on.",
        MembershipCause.EMPLOYMENT_ENDED: "The employment is over.",
        MembershipCause.LAYOFF: "A layoff (PHK): six months of benefits without contribution.",
        MembershipCause.LAYOFF_ENDED: "The benefits after a layoff are over.",
        MembershipCause.STATE_PAID: "A government pays, or ceased to.",
    },
)
publish(
    PayableStatus,
    "Whether something can be paid now.",
    {
        PayableStatus.PAYABLE: "Yes: exactly `amount`, all at once.",
        PayableStatus.ALREADY_PAID: "Nothing is owed.",
        PayableStatus.TOO_EARLY: "Newly registered: the first payment is possible from "
        "`payableFrom`.",
        PayableStatus.EXPIRED: "The first payment was possible until `payableUntil`; the family "
        "has to register anew.",
        PayableStatus.NOT_BILLED: "Nothing is owed and nothing is paid: nobody is enrolled for the "
        "running month.",
    },
)
publish(
    CareClass,
    "The class of hospital room (hak kelas rawat). Contributions depend on it.",
    {
        CareClass.I: "Class I, the dearest.",
        CareClass.II: "Class II.",
        CareClass.III: "Class III, the cheapest; the state pays a part of it.",
    },
)
publish(
    Relation,
    "What a participant is to the family (hubungan keluarga).",
    {
        Relation.HEAD: "Head of the family (kepala keluarga).",
        Relation.SPOUSE: "Wife or husband (istri, suami).",
        Relation.CHILD: "Child (anak).",
        Relation.PARENT: "Parent or parent-in-law (orang tua, mertua).",
        Relation.OTHER: "Another member of the household (lainnya).",
    },
)
publish(
    Sex,
    "Sex as the population number encodes it (jenis kelamin).",
    {Sex.FEMALE: "Female (perempuan).", Sex.MALE: "Male (laki-laki)."},
)
publish(
    Segment,
    "The group of participants, which decides who pays and how much (segmen peserta).",
    {
        Segment.PBI_APBN: "Poor people, paid for by the central government (PBI JK).",
        Segment.PBPU_PEMDA: "Registered and paid for by a regional government (PBPU Pemda).",
        Segment.PPU_STATE: "Employees of the state (PPU penyelenggara negara).",
        Segment.PPU_ENTERPRISE: "Employees of enterprises (PPU badan usaha).",
        Segment.PBPU_SELF: "Informal workers who pay for themselves (PBPU mandiri).",
        Segment.BP_SELF: "People without work who pay for themselves (bukan pekerja).",
        Segment.BP_STATE_PENSIONER: "Pensioners of the state (penerima pensiun).",
        Segment.BP_VETERAN: "Veterans and pioneers of independence (veteran, perintis "
        "kemerdekaan).",
    },
)
publish(
    Reach,
    "Whose data a viewer may see. What he may not see looks as if it did not exist.",
    {
        Reach.ALL_FAMILIES: "Every family.",
        Reach.OWN_FAMILY: "His own family.",
        Reach.PRESENTED_CARDS: "The person of a card whose number he gives, and whether he is "
        "covered; no bills.",
        Reach.NOTHING: "No family; only what is public, or an employer's own.",
    },
)
publish(
    CareType,
    "A type of care: first-level or advanced, outpatient or inpatient.",
    {
        CareType.RJTP: "First-level outpatient (rawat jalan tingkat pertama).",
        CareType.RITP: "First-level inpatient (rawat inap tingkat pertama).",
        CareType.RJTL: "Advanced outpatient, upon a referral (rawat jalan tingkat lanjutan).",
        CareType.RITL: "Advanced inpatient (rawat inap tingkat lanjutan); it may be fined.",
    },
)
publish(
    Refusal,
    "Why care is not covered.",
    {
        Refusal.NOT_A_MEMBER: "He belongs to no insurance at that time.",
        Refusal.NOT_ACTIVE: "His insurance is not active at that time.",
        Refusal.WRONG_LEVEL: "The facility does not give care of this kind.",
        Refusal.NON_PARTNER: "The facility has no contract at that time; only emergencies count.",
        Refusal.TOO_MANY_VISITS_AWAY: "He was away from his own first-level facility too often "
        "this month.",
        Refusal.NO_VALID_REFERRAL: "Advanced care needs a valid referral to this facility.",
    },
)
publish(
    Debtor,
    "Who owes a fine.",
    {
        Debtor.FAMILY: "The family.",
        Debtor.EMPLOYER: "The employer who was late with the worker's contributions.",
    },
)
publish(
    Exemption,
    "Why a stay carries no fine.",
    {
        Exemption.OUTPATIENT: "No stay: outpatient care is never fined.",
        Exemption.RITP: "A stay at the first level is never fined.",
        Exemption.PBI_OR_PEMDA: "A government pays for the participant.",
        Exemption.CERTIFIED_UNABLE: "The social office certified that the family cannot pay.",
        Exemption.NO_WINDOW: "No fine window is open.",
        Exemption.AFTER_WINDOW: "The stay began after the fine window.",
    },
)
publish(
    Role,
    "What a viewer is to the insurance (peran). The identity provider says it in the token.",
    {
        Role.PARTICIPANT: "An insured person (peserta): sees his own family, whole.",
        Role.FACILITY: "A hospital or clinic (fasilitas kesehatan): sees, for a card that is shown "
        "to it, who that is and whether care is covered; and its own papers and claims.",
        Role.EMPLOYER: "An employer (badan usaha): sees its own bills, payments and workers.",
        Role.BRANCH_OFFICER: "An officer of a branch (petugas kantor cabang): sees all families, "
        "whole.",
        Role.FINANCE_OFFICER: "An officer who follows payments (petugas keuangan): sees all "
        "families, population numbers masked.",
        Role.OPERATOR: "Who keeps the system running: sees all families, numbers masked.",
        Role.AUDITOR: "An auditor: sees all families, numbers masked.",
        Role.DEVELOPER: "A developer of frontends: sees the schema, and no data.",
    },
)
publish(
    Language,
    "A language in which people are written to.",
    {Language.ENGLISH: "English.", Language.INDONESIAN: "Indonesian (bahasa Indonesia)."},
)
