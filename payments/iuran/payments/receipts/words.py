"""A receipt in words: what stands on the page, in the PDF and in the terminal, in one language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from iuran.core.clock import WIB
from iuran.core.money import formatted
from iuran.core.months import CoverageMonth
from iuran.payments.receipts.keys import Payer
from iuran.payments.receipts.records import PaidMonth, Receipt, ReceiptState

LANGUAGES = ("id", "en")
_MONTHS: Mapping[str, Sequence[str]] = {
    "id": (
        *("Januari", "Februari", "Maret", "April", "Mei", "Juni"),
        *("Juli", "Agustus", "September", "Oktober", "November", "Desember"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_TEXTS: Mapping[str, Mapping[str, str]] = {
    "id": {
        "title": "Struk pembayaran iuran JKN",
        "proof": "Struk ini adalah bukti pembayaran yang sah. Simpanlah.",
        "VALID": "Pembayaran diterima",
        "PARTLY_REFUNDED": "Sebagian sudah dikembalikan",
        "REFUNDED": "Sudah dikembalikan",
        "refund_note": "{amount} dari pembayaran ini menjadi saldo dan sudah dikembalikan.",
        "channel": "Kanal pembayaran",
        "paid_at": "Waktu pembayaran",
        "booked_at": "Dibukukan",
        "value_date": "Tanggal valuta",
        "reference": "No. referensi (NTB)",
        "account": "Nomor virtual account",
        "payer": "Nama",
        "members": "Jumlah peserta",
        "workers": "Jumlah pekerja",
        "transfer": "Transfer bank",
        "government": "Iuran dan bantuan iuran yang ditanggung pemerintah",
        "month_count": "Jumlah bulan",
        "period": "Periode",
        "to": "s.d.",
        "step": "Cicilan REHAB ke-{number} dari {steps}",
        "contribution": "Iuran {month}",
        "with_credit": "Iuran {month}, dengan saldo {credit}",
        "credited": "Menjadi saldo untuk tagihan berikutnya",
        "amount": "Jumlah dibayar",
        "fee": "Biaya administrasi kami",
        "total": "Total",
        "fee_note": "Kanal pembayaran dapat memungut biaya sendiri; biaya itu bukan untuk kami.",
        "active": "Kepesertaan menjadi aktif dengan pembayaran ini.",
        "reactive": "Kepesertaan aktif kembali dengan pembayaran ini. Rawat inap tingkat lanjut "
        "sampai dengan {day} dikenai denda (Perpres 64/2020 pasal 42).",
        "workers_back": "Pekerja yang aktif kembali dengan pembayaran ini: {count}. Denda rawat "
        "inapnya ditanggung pemberi kerja (Perpres 82/2018 pasal 42).",
        "masked_number": "Nomor disamarkan.",
        "masked": "Nama dan nomor disamarkan untuk melindungi peserta.",
        "pdf": "Unduh PDF",
        "other": "English",
    },
    "en": {
        "title": "Receipt for JKN contributions",
        "proof": "This receipt is valid proof of payment. Keep it.",
        "VALID": "Payment received",
        "PARTLY_REFUNDED": "Refunded in part",
        "REFUNDED": "Refunded",
        "refund_note": "{amount} of this payment had become credit and was refunded.",
        "channel": "Paid through",
        "paid_at": "Time of payment",
        "booked_at": "Booked",
        "value_date": "Value date",
        "reference": "Reference (NTB)",
        "account": "Virtual account number",
        "payer": "Name",
        "members": "Members",
        "workers": "Workers",
        "transfer": "Bank transfer",
        "government": "Contributions and subsidies that the government pays",
        "month_count": "Months",
        "period": "Period",
        "to": "to",
        "step": "Instalment {number} of {steps} (REHAB)",
        "contribution": "Contribution {month}",
        "with_credit": "Contribution {month}, with credit {credit}",
        "credited": "Kept as credit for later bills",
        "amount": "Amount paid",
        "fee": "Our fee",
        "total": "Total",
        "fee_note": "The channel may take a fee of its own, which we do not receive.",
        "active": "With this payment the membership becomes active.",
        "reactive": "With this payment the membership is active again. An advanced inpatient stay "
        "up to {day} is fined (Perpres 64/2020 art. 42).",
        "workers_back": "Workers covered again by this payment: {count}. The employer owes the "
        "fines of their inpatient stays (Perpres 82/2018 art. 42).",
        "masked_number": "Numbers are masked.",
        "masked": "Name and numbers are masked to protect the participant.",
        "pdf": "Download PDF",
        "other": "Bahasa Indonesia",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A label and its value."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What stands on a receipt."""

    language: str
    other_language: str
    title: str
    state: ReceiptState
    state_text: str
    number: Line
    facts: tuple[Line, ...]
    items: tuple[Line, ...]
    sums: tuple[Line, ...]
    total: Line
    notes: tuple[str, ...]
    pdf_text: str
    other_text: str


def sheet_of(receipt: Receipt, *, language: str | None = None) -> Sheet:
    """Write a receipt in a language, or in that of the family."""
    chosen = language if language in LANGUAGES else receipt.language
    text = _TEXTS[chosen]
    return Sheet(
        language=chosen,
        other_language=next(one for one in LANGUAGES if one != chosen),
        title=text["title"],
        state=receipt.state,
        state_text=text[receipt.state.value],
        number=Line(label=text["reference"], value=receipt.reference),
        facts=_facts(receipt, chosen),
        items=_items(receipt, chosen),
        sums=(
            Line(label=text["amount"], value=formatted(receipt.amount)),
            Line(label=text["fee"], value=formatted(receipt.fee)),
        ),
        total=Line(label=text["total"], value=formatted(receipt.total)),
        notes=_notes(receipt, chosen),
        pdf_text=text["pdf"],
        other_text=text["other"],
    )


def _facts(receipt: Receipt, language: str) -> tuple[Line, ...]:
    text = _TEXTS[language]
    who = "workers" if receipt.payer_kind is Payer.EMPLOYER else "members"
    values = {
        text["channel"]: receipt.channel_name or text["transfer"],
        **_dates(receipt, language),
        text["account"]: receipt.account,
        text["payer"]: receipt.payer,
        text[who]: "" if receipt.members is None else str(receipt.members),
        text["month_count"]: str(len(receipt.months)) if receipt.months else "",
        text["period"]: _period(receipt.months, language),
    }
    return tuple(Line(label=label, value=value) for label, value in values.items() if value)


def _dates(receipt: Receipt, language: str) -> dict[str, str]:
    """Return when it was paid, and the other dates where they differ.

    Of a government's transfer the bank's statement says the day, which counts, and no time.
    """
    text = _TEXTS[language]
    booked, value_date = _instant(receipt.booked_at, language), _day(receipt.value_date, language)
    if receipt.payer_kind is Payer.GOVERNMENT:
        return {text["value_date"]: value_date, text["booked_at"]: booked}
    paid_on = receipt.paid_at.date()
    return {
        text["paid_at"]: _instant(receipt.paid_at, language),
        text["booked_at"]: booked if receipt.booked_at.date() != paid_on else "",
        text["value_date"]: value_date if receipt.value_date != paid_on else "",
    }


def _items(receipt: Receipt, language: str) -> tuple[Line, ...]:
    """Return what the money went to; the amounts add up to what was paid."""
    text = _TEXTS[language]
    items = [
        Line(label=_month_label(one, language), value=formatted(one.amount))
        for one in receipt.months
    ]
    if receipt.step is not None:
        label = text["step"].format(number=receipt.step.number, steps=receipt.step.steps)
        items.append(Line(label=label, value=formatted(receipt.step.amount)))
    if receipt.payer_kind is Payer.GOVERNMENT:
        items.append(Line(label=text["government"], value=formatted(receipt.amount)))
    if receipt.credited:
        items.append(Line(label=text["credited"], value=formatted(receipt.credited)))
    return tuple(items)


def _month_label(paid: PaidMonth, language: str) -> str:
    name = "with_credit" if paid.from_credit else "contribution"
    return _TEXTS[language][name].format(
        month=_month(paid.month, language), credit=formatted(paid.from_credit)
    )


def _notes(receipt: Receipt, language: str) -> tuple[str, ...]:
    text = _TEXTS[language]
    notes: list[str] = []
    if receipt.refunded:
        notes.append(text["refund_note"].format(amount=formatted(receipt.refunded)))
    if receipt.window_last_day is not None:
        notes.append(text["reactive"].format(day=_day(receipt.window_last_day, language)))
    elif receipt.is_activation:
        notes.append(text["active"])
    if receipt.workers_back:
        notes.append(text["workers_back"].format(count=receipt.workers_back))
    if receipt.state is not ReceiptState.REFUNDED:
        notes.append(text["proof"])
    match receipt.payer_kind:
        case Payer.FAMILY:
            return (*notes, text["fee_note"], text["masked"])
        case Payer.EMPLOYER:
            return (*notes, text["fee_note"], text["masked_number"])
        case Payer.GOVERNMENT:
            return tuple(notes)


def _period(months: Sequence[PaidMonth], language: str) -> str:
    if not months:
        return ""
    first, last = _month(months[0].month, language), _month(months[-1].month, language)
    return first if first == last else f"{first} {_TEXTS[language]['to']} {last}"


def _month(month: CoverageMonth, language: str) -> str:
    return f"{_MONTHS[language][month.month - 1]} {month.year}"


def _day(day: date, language: str) -> str:
    return f"{day.day} {_MONTHS[language][day.month - 1]} {day.year}"


def _instant(instant: datetime, language: str) -> str:
    there = instant.astimezone(WIB)
    separator = "." if language == "id" else ":"
    return f"{_day(there.date(), language)}, {there:%H}{separator}{there:%M} WIB"
