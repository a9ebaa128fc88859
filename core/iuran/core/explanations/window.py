"""Why there is a fine window, and why it ends on its last day."""

from iuran.core.explanations.reason import Explanation, Reason
from iuran.core.fines import FineWindow
from iuran.core.money import formatted
from iuran.core.regulation.rates import fine_rate, parameter_row


def explain_window(window: FineWindow) -> Explanation:
    """Explain a window: what opened it, how its days are counted, what a stay in it costs."""
    return Explanation(
        english=f"Fine window from {window.first_day} to {window.last_day}",
        indonesian=f"Masa denda pelayanan dari {window.first_day} sampai {window.last_day}",
        reasons=(_opened(window), _counted(window), _numbered(window), _costs(window)),
    )


def _opened(window: FineWindow) -> Reason:
    return Reason(
        rule="reactivation",
        english=f"On {window.first_day} cover began again after {window.arrears_months} months in"
        " arrears were paid; the current month does not count [D].",
        indonesian=f"Pada {window.first_day} kepesertaan aktif kembali setelah tunggakan"
        f" {window.arrears_months} bulan dilunasi; bulan berjalan tidak dihitung [D].",
        legal_basis="Perpres 64/2020 art. 42(5)",
        day=window.first_day,
    )


def _counted(window: FineWindow) -> Reason:
    rule = parameter_row("fine_window_days", window.first_day)
    return Reason(
        rule=rule.name,
        english=f"The window lasts {rule.value} days; a stay that begins on {window.last_day} is"
        " the last to be fined.",
        indonesian=f"Masa denda {rule.value} hari; rawat inap yang mulai {window.last_day} adalah"
        " yang terakhir kena denda.",
        legal_basis=rule.legal_basis,
        day=window.last_day,
    )


def _numbered(window: FineWindow) -> Reason:
    rule = parameter_row("fine_window_activation_day", window.first_day)
    return Reason(
        rule=rule.name,
        english=f"The day of activation is day {rule.value}.",
        indonesian=f"Hari pengaktifan adalah hari ke-{rule.value}.",
        legal_basis=rule.legal_basis,
        day=window.first_day,
    )


def _costs(window: FineWindow) -> Reason:
    rate = fine_rate(window.first_day)
    percent = f"{rate.per_mille // 10}.{rate.per_mille % 10}".removesuffix(".0")
    months = min(window.arrears_months, rate.months_max)
    cap = formatted(rate.amount_max)
    return Reason(
        rule="fine_rate",
        english=f"A stay costs {percent}% of the estimated tariff x {months} months, at most {cap};"
        " the rate is that of the admission date [D].",
        indonesian=f"Denda {percent}% dari perkiraan tarif x {months} bulan, paling banyak {cap};"
        " tarif denda menurut tanggal masuk [D].",
        legal_basis=rate.legal_basis,
        amount=rate.amount_max,
    )
