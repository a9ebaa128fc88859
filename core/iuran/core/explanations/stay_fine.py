"""Why a stay carries a fine, how it comes to its amount, and who owes it; or why there is none."""

from datetime import date

from iuran.core.care.stay_fines import LEGAL_BASIS, StayFine, explain_fine
from iuran.core.explanations.reason import Explanation, Reason
from iuran.core.explanations.window import explain_window
from iuran.core.fines import Debtor, Fine, FineWindow
from iuran.core.money import Rupiah, formatted, share_of_rounded_down
from iuran.core.regulation.rates import FineRate, parameter_row

_DEBTORS = {
    Debtor.FAMILY: ("the family", "keluarga"),
    Debtor.EMPLOYER: ("the employer", "pemberi kerja"),
}


def explain_stay_fine(
    found: StayFine, *, admitted_on: date, estimated_tariff: Rupiah
) -> Explanation:
    """Explain the fine of one stay: its window, its rate, both caps, its debtor.

    The reasons `line` add up to the fine: what the rate makes of the tariff, less what is beyond
    the cap.
    """
    rate, window, fine = found.fine.rate, found.window, found.fine
    if found.exemption is not None or rate is None or window is None:
        return _no_fine(found, admitted_on)
    return Explanation(
        english=f"Fine of a stay from {admitted_on}: {formatted(fine.amount)}",
        indonesian=f"Denda rawat inap mulai {admitted_on}: {formatted(fine.amount)}",
        reasons=(
            explain_window(window).reasons[0],
            _day(window, admitted_on),
            *_lines(fine, rate, estimated_tariff),
            _months(window, fine, rate),
            _debtor(found),
            _deadline(admitted_on),
        ),
    )


def _no_fine(found: StayFine, admitted_on: date) -> Explanation:
    finding = explain_fine(found, admitted_on=admitted_on)
    window = () if found.window is None else explain_window(found.window).reasons[:2]
    return Explanation(
        english=f"No fine for care from {admitted_on}",
        indonesian=f"Tidak ada denda untuk pelayanan mulai {admitted_on}",
        reasons=(
            Reason(
                rule="line",
                english=finding.english,
                indonesian=finding.indonesian,
                legal_basis=finding.legal_basis,
                amount=Rupiah(0),
                day=admitted_on,
            ),
            *window,
        ),
    )


def _day(window: FineWindow, admitted_on: date) -> Reason:
    rule = parameter_row("fine_window_activation_day", window.first_day)
    day = (admitted_on - window.first_day).days + rule.value
    return Reason(
        rule=rule.name,
        english=f"Admission on {admitted_on} is day {day}; the last day is {window.last_day}.",
        indonesian=f"Masuk {admitted_on} adalah hari ke-{day}; hari terakhir {window.last_day}.",
        legal_basis=rule.legal_basis,
        day=window.last_day,
    )


def _lines(fine: Fine, rate: FineRate, tariff: Rupiah) -> tuple[Reason, ...]:
    whole = share_of_rounded_down(Rupiah(tariff * fine.months), per_mille=rate.per_mille)
    percent = f"{rate.per_mille // 10}.{rate.per_mille % 10}".removesuffix(".0")
    product = f"{percent}% x {formatted(tariff)} x {fine.months}"
    found = Reason(
        rule="line",
        english=f"{product} months = {formatted(whole)}, rounded down; the rate is that of the"
        " admission [D].",
        indonesian=f"{product} bulan = {formatted(whole)}, dibulatkan ke bawah; tarif menurut"
        " tanggal masuk [D].",
        legal_basis=rate.legal_basis,
        amount=whole,
    )
    if whole == fine.amount:
        return (found,)
    cap = formatted(rate.amount_max)
    beyond = Reason(
        rule="line",
        english=f"What is beyond {cap} for one stay is not owed.",
        indonesian=f"Yang melebihi {cap} untuk satu kali rawat inap tidak ditagih.",
        legal_basis=rate.legal_basis,
        amount=Rupiah(fine.amount - whole),
    )
    return (found, beyond)


def _months(window: FineWindow, fine: Fine, rate: FineRate) -> Reason:
    return Reason(
        rule="months_max",
        english=f"{window.arrears_months} months were in arrears at the reactivation; at most"
        f" {rate.months_max} count, here {fine.months}.",
        indonesian=f"{window.arrears_months} bulan tunggakan saat pengaktifan kembali; paling"
        f" banyak {rate.months_max} dihitung, di sini {fine.months}.",
        legal_basis=rate.legal_basis,
    )


def _debtor(found: StayFine) -> Reason:
    english, indonesian = _DEBTORS[found.debtor]
    return Reason(
        rule="debtor",
        english=f"The fine is owed by {english}.",
        indonesian=f"Denda ditanggung oleh {indonesian}.",
        legal_basis=LEGAL_BASIS,
    )


def _deadline(admitted_on: date) -> Reason:
    rule = parameter_row("fine_payment_working_hours", admitted_on)
    return Reason(
        rule=rule.name,
        english=f"It is paid within {rule.value} hours of working days and before the discharge;"
        " otherwise the stay is not covered.",
        indonesian=f"Dibayar dalam {rule.value} jam hari kerja dan sebelum pulang; bila tidak,"
        " rawat inap tidak dijamin.",
        legal_basis=rule.legal_basis,
    )
