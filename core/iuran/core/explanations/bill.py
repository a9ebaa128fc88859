"""Why a bill is what it is: its lines, its versions, and what became of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import LiteralString

from iuran.core.bills import Bill, BillLine, BillState, lines_of
from iuran.core.database.pool import Connection
from iuran.core.explanations.reason import Explanation, Reason
from iuran.core.money import Rupiah, formatted
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter_row

SELECT_REVISIONS: LiteralString = """
    SELECT version, cause, amount_before, amount_after
    FROM bill_revision
    WHERE family_id = $1 AND membership_id = $2 AND coverage_month = $3
    ORDER BY version
    LIMIT 100
"""

_CAUSES = {
    "MEMBER_ADDED": (
        "a member was added",
        "anggota ditambahkan",
        "Perpres 82/2018 art. 16: billed from the month of birth or of joining",
    ),
    "DEATH": (
        "a member died; later months are taken back",
        "anggota meninggal; bulan sesudahnya dikoreksi",
        "BPJS Kesehatan: the bill is corrected up to the month of death",
    ),
    "REMOVAL": (
        "a member left the family card",
        "anggota keluar dari Kartu Keluarga",
        "Peraturan BPJS Kesehatan 6/2018: the whole family card is one bill",
    ),
    "MOVED": (
        "a member moved to another family card",
        "anggota pindah ke Kartu Keluarga lain",
        "Peraturan BPJS Kesehatan 6/2018: one family card, one bill; from the next month [D]",
    ),
    "SEGMENT": (
        "the state pays from this month on",
        "mulai bulan ini dibayar pemerintah",
        "Perpres 82/2018: a month is paid for once [D]",
    ),
    "RATE_RULING": (
        "a ruling changed the rate of the month",
        "putusan mengubah tarif bulan ini",
        "MA 7P/HUM/2020",
    ),
}

_STATES = {
    "OPEN": ("It is open.", "Tagihan belum dibayar."),
    "PAID": ("It is paid.", "Tagihan sudah lunas."),
    "NOT_BILLABLE": (
        "It is older than what can be asked for, but stays on record.",
        "Lebih lama dari batas tagihan, tetapi tetap tercatat.",
    ),
    "WRITTEN_OFF": (
        "A law took it off what is owed; it stays on record.",
        "Dihapuskan menurut peraturan, tetapi tetap tercatat.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRevision:
    """A later version of a bill, and why there is one; amounts in rupiah."""

    version: int
    cause: str
    amount_before: Rupiah
    amount_after: Rupiah


async def explain_bill(connection: Connection, family_id: int, bill: Bill) -> Explanation:
    """Explain a bill: the amounts of its reasons `line` add up to it."""
    lines = await lines_of(connection, family_id, bill)
    revisions = await connection.fetch(
        SELECT_REVISIONS, family_id, bill.membership_id, bill.coverage_month.ordinal
    )
    return bill_explanation(bill, lines, [BillRevision(**dict(row)) for row in revisions])


def bill_explanation(
    bill: Bill, lines: Sequence[BillLine], revisions: Sequence[BillRevision]
) -> Explanation:
    """Explain a bill of which all is known."""
    month, amount = bill.coverage_month, formatted(bill.amount)
    return Explanation(
        english=f"Bill of {month}: {amount} for {bill.members} participants",
        indonesian=f"Tagihan {month}: {amount} untuk {bill.members} peserta",
        reasons=(
            *_lines(lines),
            *(_revision(one) for one in revisions),
            explain_due(bill.due_date, bill.coverage_month),
            explain_arrears_cap(bill.state, bill.coverage_month),
        ),
    )


def _lines(lines: Sequence[BillLine]) -> tuple[Reason, ...]:
    alike = Counter((line.coverage_month, line.amount, line.legal_basis) for line in lines)
    return tuple(
        Reason(
            rule="line",
            english=f"{number} x {formatted(amount)} for coverage month {month}, at its own rate.",
            indonesian=f"{number} x {formatted(amount)} untuk bulan {month}, menurut tarifnya.",
            legal_basis=legal_basis,
            amount=Rupiah(amount * number),
        )
        for (month, amount, legal_basis), number in sorted(alike.items())
    )


def _revision(one: BillRevision) -> Reason:
    english, indonesian, legal_basis = _CAUSES[one.cause]
    before, after = formatted(one.amount_before), formatted(one.amount_after)
    return Reason(
        rule="revision",
        english=f"Version {one.version}: {english} ({before} before, {after} after).",
        indonesian=f"Versi {one.version}: {indonesian} (dari {before} menjadi {after}).",
        legal_basis=legal_basis,
        amount=Rupiah(one.amount_after - one.amount_before),
    )


def explain_due(due_date: date, month: CoverageMonth) -> Reason:
    """Explain the due date of a month's bill; it has no effect on cover."""
    rule = parameter_row("due_day", month.first_day)
    return Reason(
        rule=rule.name,
        english=f"It is due on {due_date}; only the end of the month suspends.",
        indonesian=f"Jatuh tempo {due_date}; penjaminan baru berhenti setelah akhir bulan.",
        legal_basis=rule.legal_basis,
        day=due_date,
    )


def explain_arrears_cap(state: BillState, month: CoverageMonth) -> Reason:
    """Explain what became of a month's bill, and for how long it can be asked for."""
    rule = parameter_row("arrears_months_max", month.first_day)
    english, indonesian = _STATES[state.value]
    return Reason(
        rule=rule.name,
        english=f"{english} At most {rule.value} months of arrears are asked for.",
        indonesian=f"{indonesian} Tunggakan ditagih paling banyak {rule.value} bulan.",
        legal_basis=rule.legal_basis,
    )
