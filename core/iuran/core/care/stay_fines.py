"""The fine of one stay: who owes it, how much, until when, or why there is none."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from iuran.core.care.care_types import CareType
from iuran.core.care.findings import Finding
from iuran.core.clock import wib_date
from iuran.core.fines import Debtor, Fine, FineWindow, fine_of
from iuran.core.money import Rupiah, formatted
from iuran.core.regulation.rates import parameter
from iuran.core.segments import CareClass, Segment
from iuran.core.working_days import working_hours_after

NO_FINE = Fine(amount=Rupiah(0), months=0, rate=None)
PAID_BY_STATE = (Segment.PBI_APBN, Segment.PBPU_PEMDA)
LEGAL_BASIS = "Perpres 64/2020 art. 42(5)-(7)"


class Exemption(StrEnum):
    """Why a stay carries no fine."""

    OUTPATIENT = "OUTPATIENT"
    RITP = "RITP"
    PBI_OR_PEMDA = "PBI_OR_PEMDA"
    CERTIFIED_UNABLE = "CERTIFIED_UNABLE"
    NO_WINDOW = "NO_WINDOW"
    AFTER_WINDOW = "AFTER_WINDOW"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """What a fine depends on. `payer` is that of the segment; the tariff is in rupiah."""

    care_type: CareType
    segment: Segment
    payer: str
    care_class: CareClass
    window: FineWindow | None
    is_certified_unable: bool
    admitted_on: date
    estimated_tariff: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class StayFine:
    """The fine of one stay; `exemption` says why there is none, and None that there is one."""

    debtor: Debtor
    fine: Fine
    exemption: Exemption | None
    window: FineWindow | None


def assess(stay: Stay) -> StayFine:
    """Return the fine of a stay, by itself: Perpres 64/2020 art. 42(5) to (7).

    None for outpatient care and first-level stays, for PBI and Pemda, outside the 45 days, and for
    class III with an approved letter of inability [S]. The first reason of that order is kept [D].
    """
    exemption = _exemption(stay)
    if exemption is None and stay.window is not None:
        fine = fine_of(
            stay.window, admitted_on=stay.admitted_on, estimated_tariff=stay.estimated_tariff
        )
    else:
        fine = NO_FINE
    debtor = Debtor.EMPLOYER if stay.payer == "EMPLOYER" else Debtor.FAMILY
    return StayFine(debtor=debtor, fine=fine, exemption=exemption, window=stay.window)


def _exemption(stay: Stay) -> Exemption | None:
    reasons = (
        (Exemption.OUTPATIENT, not stay.care_type.is_inpatient),
        (Exemption.RITP, not stay.care_type.is_advanced),
        (Exemption.PBI_OR_PEMDA, stay.segment in PAID_BY_STATE),
        (Exemption.NO_WINDOW, stay.window is None or stay.admitted_on < stay.window.first_day),
        (
            Exemption.AFTER_WINDOW,
            stay.window is not None and stay.admitted_on > stay.window.last_day,
        ),
        (
            Exemption.CERTIFIED_UNABLE,
            stay.is_certified_unable and stay.care_class is CareClass.III,
        ),
    )
    return next((reason for reason, holds in reasons if holds), None)


def pay_by(admitted_at: datetime) -> datetime:
    """Return until when a fine is to be paid, unless the discharge is sooner.

    3x24 h of working days [S]; they are counted from the admission [D]. Afterwards the stay is
    not covered.
    """
    return working_hours_after(
        admitted_at, parameter("fine_payment_working_hours", wib_date(admitted_at))
    )


def explain_fine(found: StayFine, *, admitted_on: date) -> Finding:
    """Say why a stay carries a fine, or none, in both languages."""
    if found.exemption is not None:
        english, indonesian = _explained_exemption(found.exemption)
    else:
        english, indonesian = _explained_fine(found, admitted_on)
    rate = found.fine.rate
    return Finding(
        rule="INPATIENT_FINE",
        is_met=found.fine.amount == 0,
        legal_basis=LEGAL_BASIS if rate is None else rate.legal_basis,
        english=english,
        indonesian=indonesian,
    )


def _explained_fine(found: StayFine, admitted_on: date) -> tuple[str, str]:
    window, rate = found.window, found.fine.rate
    if window is None or rate is None:
        raise ValueError("a fine without an exemption has a window and a rate")
    day = (admitted_on - window.first_day).days
    per_cent = f"{rate.per_mille // 10}.{rate.per_mille % 10}"
    amount, cap = formatted(found.fine.amount), formatted(rate.amount_max)
    return (
        (
            f"Active again on {window.first_day}; admission on {admitted_on} is day {day}, the "
            f"last day is {window.last_day}. {per_cent} % of the estimated tariff x "
            f"{found.fine.months} months, at most {cap}: {amount}, owed by the "
            f"{found.debtor.value.lower()}."
        ),
        (
            f"Aktif kembali {window.first_day}; masuk {admitted_on} adalah hari ke-{day}, hari "
            f"terakhir {window.last_day}. {per_cent} % dari perkiraan tarif x {found.fine.months} "
            f"bulan, paling banyak {cap}: {amount}, ditanggung "
            f"{'pemberi kerja' if found.debtor is Debtor.EMPLOYER else 'keluarga'}."
        ),
    )


def _explained_exemption(exemption: Exemption) -> tuple[str, str]:
    return {
        Exemption.OUTPATIENT: (
            "Outpatient care carries no fine.",
            "Rawat jalan tidak dikenai denda.",
        ),
        Exemption.RITP: (
            "An inpatient stay at the first level carries no fine.",
            "Rawat inap tingkat pertama tidak dikenai denda.",
        ),
        Exemption.PBI_OR_PEMDA: (
            "The state pays this contribution: no fine.",
            "Iuran dibayar pemerintah: tidak ada denda.",
        ),
        Exemption.CERTIFIED_UNABLE: (
            "Class III with an approved letter of inability: no fine.",
            "Kelas III dengan surat keterangan tidak mampu: tidak ada denda.",
        ),
        Exemption.NO_WINDOW: (
            "No reactivation before the admission: no fine.",
            "Tidak ada pengaktifan kembali sebelum masuk: tidak ada denda.",
        ),
        Exemption.AFTER_WINDOW: (
            "The 45 days are over: no fine.",
            "Masa 45 hari sudah lewat: tidak ada denda.",
        ),
    }[exemption]
