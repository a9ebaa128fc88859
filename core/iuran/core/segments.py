"""Segments of participants and classes of care (domain page, section 1)."""

from enum import IntEnum, StrEnum


class Segment(StrEnum):
    """Who pays, and by which formula. Only the self-paid segments are billed so far."""

    PBI_APBN = "PBI_APBN"
    PBPU_PEMDA = "PBPU_PEMDA"
    PPU_STATE = "PPU_STATE"
    PPU_ENTERPRISE = "PPU_ENTERPRISE"
    PBPU_SELF = "PBPU_SELF"
    BP_SELF = "BP_SELF"
    BP_STATE_PENSIONER = "BP_STATE_PENSIONER"
    BP_VETERAN = "BP_VETERAN"


class CareClass(IntEnum):
    """The class of inpatient care ("hak kelas")."""

    I = 1  # noqa: E741 - the law writes Roman numerals
    II = 2
    III = 3
