"""Why a participant was covered at an instant, or why not."""

from datetime import date, datetime

from iuran.core.clock import WIB, wib_date
from iuran.core.database.pool import Connection
from iuran.core.explanations.reason import Explanation, Reason
from iuran.core.governments import END_OF_CALENDAR
from iuran.core.membership import MembershipState
from iuran.core.membership_history import StatusAt, status_at
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter, parameter_row

_CAUSES = {
    "REGISTRATION": (
        "registered; the first payment is awaited",
        "terdaftar; menunggu bayar pertama",
    ),
    "FIRST_PAYMENT": ("the first payment", "pembayaran pertama"),
    "PAYMENT": ("a payment of all that was owed", "pembayaran seluruh tagihan"),
    "CREDIT_USED": ("credit that paid the bill", "saldo yang melunasi tagihan"),
    "MONTH_CLOSED_UNPAID": ("a month that closed unpaid", "bulan yang berakhir tanpa pembayaran"),
    "SUSPENSION_UNDONE": (
        "a payment made before the month closed, booked later",
        "pembayaran sebelum akhir bulan, dibukukan kemudian",
    ),
    "MEMBER_ADDED": ("a member who was added", "anggota yang ditambahkan"),
    "ARREARS_WRITTEN_OFF": ("arrears that a law wrote off", "tunggakan yang dihapuskan"),
    "SEGMENT_RETURNED": (
        "the return to a membership with debts",
        "kembali ke kepesertaan yang menunggak",
    ),
    "BILL_CORRECTED": ("a corrected bill", "tagihan yang dikoreksi"),
    "SEGMENT_LEFT": ("a move to another segment", "mutasi ke segmen lain"),
    "FAMILY_SPLIT": ("a family card of their own", "Kartu Keluarga sendiri"),
    "LAST_MEMBER_LEFT": ("the last member left", "anggota terakhir keluar"),
    "INSTALMENT_PAID": ("an instalment of the plan", "angsuran pembayaran bertahap"),
    "EMPLOYMENT_BEGAN": ("an employment began", "mulai bekerja"),
    "EMPLOYMENT_ENDED": ("an employment ended", "hubungan kerja berakhir"),
    "LAYOFF": ("a layoff", "pemutusan hubungan kerja (PHK)"),
    "LAYOFF_ENDED": ("the end of the benefits after a layoff", "akhir manfaat setelah PHK"),
    "CHILD_OF_AGE": (
        "a worker's child is of age and no letter of a college speaks for this day",
        "anak pekerja telah dewasa dan tidak ada surat keterangan kuliah untuk hari ini",
    ),
    "STATE_PAID": (
        "the list of those for whom the state pays",
        "daftar peserta yang dibayar pemerintah",
    ),
    "INSTALMENT_PLAN_ENDED": ("an instalment that was missed", "angsuran yang tidak dibayar"),
}

_STATES = {
    MembershipState.PENDING: ("cover has not begun", "penjaminan belum mulai"),
    MembershipState.ACTIVE: ("active", "aktif"),
    MembershipState.SUSPENDED: ("suspended", "penjaminan diberhentikan sementara"),
    MembershipState.INACTIVE_SEGMENT_CHANGE: ("inactive by change", "nonaktif karena mutasi"),
}


async def explain_status(
    connection: Connection, family_id: int, participant_id: int, *, at: datetime
) -> Explanation:
    """Explain a participant's cover at an instant from the facts that it follows from."""
    return status_explanation(await status_at(connection, family_id, participant_id, at=at), at=at)


def status_explanation(status: StatusAt | None, *, at: datetime) -> Explanation:
    """Explain a status that is known; None is in no membership."""
    when = at.astimezone(WIB).strftime("%Y-%m-%d %H:%M WIB")
    if status is None:
        return Explanation(
            english=f"Not covered at {when}: in no membership",
            indonesian=f"Tidak dijamin pada {when}: tidak ada kepesertaan",
            reasons=(),
        )
    english, indonesian = (
        ("Covered", "Dijamin") if status.covered else ("Not covered", "Tidak dijamin")
    )
    return Explanation(
        english=f"{english} at {when}",
        indonesian=f"{indonesian} pada {when}",
        reasons=(
            _fact(status),
            _paid_through(status),
            *_own_cover(status),
            *_child_age(status),
            *_move(status),
        ),
    )


def _fact(status: StatusAt) -> Reason:
    english, indonesian = _CAUSES.get(status.cause, (status.cause, status.cause))
    since = status.since.astimezone(WIB)
    moment = since.strftime("%Y-%m-%d %H:%M WIB")
    return Reason(
        rule="fact",
        english=f"Since {moment}: {english}.",
        indonesian=f"Sejak {moment}: {indonesian}.",
        legal_basis="Perpres 82/2018 art. 42",
        day=since.date(),
    )


def _paid_through(status: StatusAt) -> Reason:
    english, indonesian = _STATES[status.state]
    if status.paid_through is None or status.state is MembershipState.INACTIVE_SEGMENT_CHANGE:
        return _reason_of_state(f"It is so: {english}.", f"Statusnya {indonesian}.")
    if status.cause == "LAYOFF":
        return Reason(
            rule="layoff",
            english=f"Benefits without contribution through {status.paid_through}: {english}.",
            indonesian=f"Manfaat tanpa iuran sampai {status.paid_through}: {indonesian}.",
            legal_basis="Perpres 59/2024 art. 27",
        )
    if status.paid_through >= END_OF_CALENDAR:
        return _reason_of_state(
            f"The state pays; nothing is owed: {english}.",
            f"Iuran dibayar pemerintah: {indonesian}.",
        )
    return _unpaid_month(status.paid_through, status.state)


def _unpaid_month(paid_through: CoverageMonth, state: MembershipState) -> Reason:
    """Which month decides, and from which day it suspends if it closes unpaid."""
    month, day = paid_through.plus(1), paid_through.plus(2).first_day
    if state is MembershipState.SUSPENDED:
        return _reason_of_state(
            f"Nothing is owed up to {paid_through}; {month} closed unpaid, which suspends from"
            f" {day} until all is paid.",
            f"Lunas sampai {paid_through}; {month} berakhir tanpa pembayaran, sehingga penjaminan"
            f" berhenti sejak {day} sampai semuanya dilunasi.",
            day,
        )
    return _reason_of_state(
        f"Nothing is owed up to {paid_through}: active. Unless {month} is paid before it ends,"
        f" cover is suspended from {day}.",
        f"Lunas sampai {paid_through}: aktif. Bila {month} tidak dibayar sampai akhir bulan,"
        f" penjaminan berhenti sejak {day}.",
        day,
    )


def _reason_of_state(english: str, indonesian: str, day: date | None = None) -> Reason:
    return Reason(
        rule="paid_through",
        english=english,
        indonesian=indonesian,
        legal_basis="Perpres 82/2018 art. 42(1)",
        day=day,
    )


def _move(status: StatusAt) -> tuple[Reason, ...]:
    """That the person came to this membership from another family card."""
    if status.came_in is None:
        return ()
    day = status.came_in.first_day
    return (
        Reason(
            rule="family_move",
            english=f"Moved to this family card from {day}; what family {status.former_family_id}"
            " owes stays with it.",
            indonesian=f"Pindah ke Kartu Keluarga ini sejak {day}; tunggakan keluarga"
            f" {status.former_family_id} tetap pada keluarga itu.",
            legal_basis="Peraturan BPJS Kesehatan 6/2018: one family card, one bill; from the 1st"
            " of the next month [D]",
            day=day,
        ),
    )


def _child_age(status: StatusAt) -> tuple[Reason, ...]:
    """Until when a worker's child is insured with him, and what can be done after that."""
    if status.cause != "CHILD_OF_AGE":
        return ()
    day = wib_date(status.since)
    under = parameter_row("child_age_max", day)
    studying = parameter("student_age_max", day)
    return (
        Reason(
            rule=under.name,
            english=f"A worker's child is insured under {under.value}, or under {studying} with a"
            " yearly letter of his college. Bring a letter, have the worker insure him as another"
            " relative, or let him pay for himself.",
            indonesian=f"Anak pekerja dijamin sebelum berusia {under.value} tahun, atau sebelum"
            f" {studying} tahun dengan surat keterangan kuliah setiap tahun. Serahkan surat,"
            " daftarkan sebagai kerabat lain, atau menjadi peserta mandiri.",
            legal_basis=under.legal_basis,
            day=day,
        ),
    )


def _own_cover(status: StatusAt) -> tuple[Reason, ...]:
    if status.covered or status.state is not MembershipState.ACTIVE:
        return ()
    return (
        Reason(
            rule="own_cover",
            english="The family is active, but the first bill with this member is not paid.",
            indonesian="Keluarga aktif, tetapi tagihan pertama dengan anggota ini belum dibayar.",
            legal_basis="Perpres 82/2018 art. 16",
        ),
    )
