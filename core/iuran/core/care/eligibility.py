"""Eligibility at the moment of service: pure rules over the circumstances of one case."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from iuran.core.care.care_types import CareType
from iuran.core.care.cover import Cover
from iuran.core.care.findings import Finding
from iuran.core.care.stay_fines import Stay, StayFine, assess, explain_fine
from iuran.core.clock import wib_date
from iuran.core.facilities.registry import Facility, FacilityLevel
from iuran.core.fines import FineWindow
from iuran.core.membership import MembershipState
from iuran.core.money import Rupiah
from iuran.core.regulation.rates import parameter_row
from iuran.core.segments import CareClass

NO_TARIFF = Rupiah(0)


class Refusal(StrEnum):
    """Why care is not covered."""

    NOT_A_MEMBER = "NOT_A_MEMBER"
    NOT_ACTIVE = "NOT_ACTIVE"
    WRONG_LEVEL = "WRONG_LEVEL"
    NON_PARTNER = "NON_PARTNER"
    TOO_MANY_VISITS_AWAY = "TOO_MANY_VISITS_AWAY"
    NO_VALID_REFERRAL = "NO_VALID_REFERRAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class CareRequest:
    """Care that somebody seeks at an instant; the tariff, in rupiah, matters for RITL alone."""

    family_id: int
    participant_id: int
    facility_code: str
    care_type: CareType
    starts_at: datetime
    is_emergency: bool = False
    referral_number: str | None = None
    estimated_tariff: Rupiah = NO_TARIFF

    @property
    def starts_on(self) -> date:
        """The WIB date on which it starts."""
        return wib_date(self.starts_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """The way from the first level to a hospital; both days inclusive."""

    referral_number: str
    participant_id: int
    to_facility_code: str
    issued_on: date
    valid_until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """All that the rules look at, as it was when the care started."""

    cover: Cover | None
    facility: Facility
    home_facility_code: str | None
    visits_away: int
    referral: Referral | None
    window: FineWindow | None
    is_certified_unable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """Whether care is covered; with a fine, only once that is paid. `trail` explains it."""

    refusals: tuple[Refusal, ...]
    care_class: CareClass | None
    fine: StayFine | None
    trail: tuple[Finding, ...]

    @property
    def is_eligible(self) -> bool:
        """Whether nothing speaks against it; a fine to be paid first does not."""
        return not self.refusals


def judge(request: CareRequest, found: Circumstances) -> Eligibility:
    """Apply every rule, so that a refusal names all its reasons and not only the first."""
    judged = (
        _membership(request, found),
        _level(request, found),
        _partner(request, found),
        _visits(request, found),
        _referral(request, found),
    )
    fine = _fine(request, found)
    trail = [finding for _, finding in judged]
    if fine is not None:
        trail.append(explain_fine(fine, admitted_on=request.starts_on))
    return Eligibility(
        refusals=tuple(refusal for refusal, finding in judged if not finding.is_met),
        care_class=None if found.cover is None else found.cover.care_class,
        fine=fine,
        trail=tuple(trail),
    )


def _membership(request: CareRequest, found: Circumstances) -> tuple[Refusal, Finding]:
    cover, day = found.cover, request.starts_on
    if cover is None:
        return Refusal.NOT_A_MEMBER, Finding(
            rule="ACTIVE",
            is_met=False,
            legal_basis="Perpres 82/2018",
            english=f"In no membership on {day}.",
            indonesian=f"Tidak terdaftar dalam kepesertaan pada {day}.",
        )
    paid = "-" if cover.paid_through is None else str(cover.paid_through)
    return Refusal.NOT_ACTIVE, Finding(
        rule="ACTIVE",
        is_met=cover.state is MembershipState.ACTIVE,
        legal_basis="Perpres 82/2018 art. 42(1)",
        english=f"{cover.state.value} on {day}, segment {cover.segment.value}, paid through "
        f"{paid}, class {cover.care_class.name}.",
        indonesian=f"{cover.state.value} pada {day}, segmen {cover.segment.value}, lunas sampai "
        f"{paid}, kelas {cover.care_class.name}.",
    )


def _level(request: CareRequest, found: Circumstances) -> tuple[Refusal, Finding]:
    needed = FacilityLevel.FKRTL if request.care_type.is_advanced else FacilityLevel.FKTP
    name, level = found.facility.name, found.facility.level.value
    return Refusal.WRONG_LEVEL, Finding(
        rule="LEVEL",
        is_met=found.facility.level is needed,
        legal_basis="Perpres 82/2018: care in tiers",
        english=f"{request.care_type.value} is given by an {needed.value}; {name} is an {level}.",
        indonesian=f"{request.care_type.value} diberikan oleh {needed.value}; {name} adalah "
        f"{level}.",
    )


def _partner(request: CareRequest, found: Circumstances) -> tuple[Refusal, Finding]:
    is_partner, name = found.facility.is_partner, found.facility.name
    return Refusal.NON_PARTNER, Finding(
        rule="PARTNER",
        is_met=is_partner or request.is_emergency,
        legal_basis="Perpres 59/2024 art. 52: a non-partner only in an emergency",
        english=f"{name} is {'a' if is_partner else 'no'} partner"
        f"{'; this is an emergency' if request.is_emergency else ''}.",
        indonesian=f"{name} {'bekerja sama' if is_partner else 'tidak bekerja sama'}"
        f"{'; keadaan darurat' if request.is_emergency else ''}.",
    )


def _visits(request: CareRequest, found: Circumstances) -> tuple[Refusal, Finding]:
    rule = parameter_row("visits_away_max", request.starts_on)
    at_home = found.facility.facility_code == found.home_facility_code
    is_free = request.care_type.is_advanced or request.is_emergency or at_home
    return Refusal.TOO_MANY_VISITS_AWAY, Finding(
        rule="HOME_FKTP",
        is_met=is_free or found.visits_away < rule.value,
        legal_basis=rule.legal_basis,
        english="No limit of visits applies: home FKTP, emergency or advanced care."
        if is_free
        else f"{found.visits_away} of {rule.value} visits away this month were used.",
        indonesian="Tanpa batas kunjungan: FKTP terdaftar, darurat, atau rujukan."
        if is_free
        else f"{found.visits_away} dari {rule.value} kunjungan luar FKTP bulan ini terpakai.",
    )


def _referral(request: CareRequest, found: Circumstances) -> tuple[Refusal, Finding]:
    is_needed = request.care_type.is_advanced and not request.is_emergency
    english, indonesian = _explained_referral(found.referral, is_needed=is_needed)
    return Refusal.NO_VALID_REFERRAL, Finding(
        rule="REFERRAL",
        is_met=not is_needed or _is_valid(request, found),
        legal_basis=parameter_row("referral_valid_days", request.starts_on).legal_basis,
        english=english,
        indonesian=indonesian,
    )


def _is_valid(request: CareRequest, found: Circumstances) -> bool:
    referral = found.referral
    return (
        referral is not None
        and referral.participant_id == request.participant_id
        and referral.to_facility_code == request.facility_code
        and referral.issued_on <= request.starts_on <= referral.valid_until
    )


def _explained_referral(referral: Referral | None, *, is_needed: bool) -> tuple[str, str]:
    if not is_needed:
        return "No referral is needed.", "Rujukan tidak diperlukan."
    if referral is None:
        return "A referral is needed and was not found.", "Rujukan diperlukan dan tidak ditemukan."
    return (
        (
            f"The referral to {referral.to_facility_code} is valid from {referral.issued_on} to "
            f"{referral.valid_until}."
        ),
        (
            f"Rujukan ke {referral.to_facility_code} berlaku {referral.issued_on} sampai "
            f"{referral.valid_until}."
        ),
    )


def _fine(request: CareRequest, found: Circumstances) -> StayFine | None:
    if found.cover is None:
        return None
    return assess(
        Stay(
            care_type=request.care_type,
            segment=found.cover.segment,
            payer=found.cover.payer,
            care_class=found.cover.care_class,
            window=found.window,
            is_certified_unable=found.is_certified_unable,
            admitted_on=request.starts_on,
            estimated_tariff=request.estimated_tariff,
        )
    )
