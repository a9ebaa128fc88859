"""The four types of care: first-level or advanced, outpatient or inpatient."""

from enum import StrEnum


class CareType(StrEnum):
    """First-level (RJTP, RITP) or advanced (RJTL, RITL), outpatient (RJ) or inpatient (RI)."""

    RJTP = "RJTP"
    RITP = "RITP"
    RJTL = "RJTL"
    RITL = "RITL"

    @property
    def is_inpatient(self) -> bool:
        """Whether the participant stays ("rawat inap")."""
        return self in {CareType.RITP, CareType.RITL}

    @property
    def is_advanced(self) -> bool:
        """Whether it is given by a referral facility ("tingkat lanjutan")."""
        return self in {CareType.RJTL, CareType.RITL}
