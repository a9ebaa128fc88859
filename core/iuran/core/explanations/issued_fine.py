"""The fine that a letter of eligibility (SEP) was issued with, as it was found then."""

from dataclasses import replace
from datetime import datetime
from typing import ClassVar, LiteralString

from iuran.core.care.numbers import find_by_care_number, parse_care_number
from iuran.core.care.stay_fines import Exemption, StayFine
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import DomainError
from iuran.core.explanations.reason import Explanation, Reason
from iuran.core.explanations.stay_fine import explain_stay_fine
from iuran.core.fines import Debtor, Fine, FineWindow
from iuran.core.money import Rupiah
from iuran.core.regulation.rates import fine_rate

SELECT_ISSUED: LiteralString = """
    SELECT f.debtor, f.amount, f.months, f.exemption, f.window_first_day, f.window_last_day,
           f.fine_rate_from, f.estimated_tariff, l.starts_on, r.ground, r.legal_basis,
           f.relieved_at,
           (SELECT w.arrears_months FROM fine_window AS w
            WHERE w.family_id = f.family_id AND w.first_day = f.window_first_day
            ORDER BY w.window_id DESC LIMIT 1) AS arrears_months
    FROM stay_fine AS f
    JOIN eligibility_letter AS l
      ON l.family_id = f.family_id AND l.letter_number = f.letter_number
    LEFT JOIN fine_relief AS r
      ON r.family_id = f.family_id AND r.letter_number = f.letter_number
    WHERE f.family_id = $1 AND f.letter_number = $2
"""

_RELIEFS = {
    "LAW": ("a law wrote it off", "dihapuskan menurut peraturan"),
    "CERTIFICATE": (
        "a letter of inability speaks for the day of admission",
        "ada surat keterangan tidak mampu untuk hari masuk",
    ),
    "CORRECTION": ("it was assessed wrongly", "penetapannya keliru"),
}


class LetterUnknownError(DomainError):
    """No letter of eligibility has this number."""

    code: ClassVar[str] = "LETTER_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("no letter of eligibility has this number; it has 19 characters with a V")


async def explain_issued_fine(connection: Connection, letter_number: str) -> Explanation:
    """Explain the fine of a letter that was issued; nothing is assessed anew.

    Raises InvalidInputError for a number of another form, LetterUnknownError.
    """
    parse_care_number(letter_number)
    family_id = await find_by_care_number(connection, letter_number)
    row = await connection.fetchrow(SELECT_ISSUED, family_id, letter_number)
    if row is None:
        raise LetterUnknownError
    explained = explain_stay_fine(
        _issued(row),
        admitted_on=row["starts_on"],
        estimated_tariff=Rupiah(row["estimated_tariff"]),
    )
    if row["ground"] is None:
        return explained
    return with_relief(
        explained, ground=row["ground"], legal_basis=row["legal_basis"], at=row["relieved_at"]
    )


def with_relief(
    explained: Explanation, *, ground: str, legal_basis: str, at: datetime
) -> Explanation:
    """Add that the fine was taken off the stay at an instant, on what ground and by which law."""
    english, indonesian = _RELIEFS[ground]
    day = wib_date(at)
    relief = Reason(
        rule="relief",
        english=f"Nothing is to be paid since {day}: {english}.",
        indonesian=f"Tidak perlu dibayar sejak {day}: {indonesian}.",
        legal_basis=legal_basis,
        day=day,
    )
    return replace(explained, reasons=(*explained.reasons, relief))


def _issued(row: Record) -> StayFine:
    rate_from, exemption = row["fine_rate_from"], row["exemption"]
    return StayFine(
        debtor=Debtor(row["debtor"]),
        fine=Fine(
            amount=Rupiah(row["amount"]),
            months=row["months"],
            rate=None if rate_from is None else fine_rate(rate_from),
        ),
        exemption=None if exemption is None else Exemption(exemption),
        window=None if row["window_first_day"] is None else _window(row),
    )


def _window(row: Record) -> FineWindow:
    return FineWindow(
        first_day=row["window_first_day"],
        last_day=row["window_last_day"],
        arrears_months=row["arrears_months"] or row["months"],
    )
