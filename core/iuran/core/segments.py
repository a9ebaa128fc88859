"""Segments of participants and classes of care (domain page, section 1)."""

from enum import IntEnum, StrEnum


class Segment(StrEnum):
    """Who pays, and by which formula."""

    PBI_APBN = "PBI_APBN"
    PBPU_PEMDA = "PBPU_PEMDA"
    PPU_STATE = "PPU_STATE"
    PPU_ENTERPRISE = "PPU_ENTERPRISE"
    PBPU_SELF = "PBPU_SELF"
    BP_SELF = "BP_SELF"
    BP_STATE_PENSIONER = "BP_STATE_PENSIONER"
    BP_VETERAN = "BP_VETERAN"


class PpuGroup(StrEnum):
    """Which percentages, cap and floor an employer's wages follow; they differ until 2020."""

    PRIVATE = "PRIVATE"
    STATE_CENTRAL = "STATE_CENTRAL"
    STATE_REGIONAL = "STATE_REGIONAL"

    @property
    def segment(self) -> Segment:
        """The segment of the group's workers."""
        return Segment.PPU_ENTERPRISE if self is PpuGroup.PRIVATE else Segment.PPU_STATE


class AdditionalKind(StrEnum):
    """Who an employee insures beyond himself, a spouse and three children.

    All but OTHER_RELATIVE cost one per cent of the wage; another relative costs the PBPU amount.
    """

    FOURTH_CHILD = "FOURTH_CHILD"
    PARENT = "PARENT"
    PARENT_IN_LAW = "PARENT_IN_LAW"
    OTHER_RELATIVE = "OTHER_RELATIVE"


class CareClass(IntEnum):
    """The class of inpatient care ("hak kelas")."""

    I = 1  # noqa: E741 - the law writes Roman numerals
    II = 2
    III = 3
