"""How an explanation is written: for people in their language, and as JSON for machines."""

from enum import StrEnum

from rich.table import Table
from rich.text import Text

from iuran.core.explanations import Confidence, Explanation, Reason
from iuran.core.money import formatted
from iuran.deploy.commands.terminal import out


class Language(StrEnum):
    """English or Indonesian."""

    EN = "en"
    ID = "id"


_CONFIDENCE = {
    Confidence.CONFIRMED: ("confirmed", "terkonfirmasi"),
    Confidence.ONE_SOURCE: ("one source", "satu sumber"),
    Confidence.NO_SOURCE: ("no source found", "tanpa sumber"),
    Confidence.DECISION: ("decision of this project", "keputusan proyek ini"),
}


def write_explanation(found: Explanation, language: Language) -> None:
    """Write what is explained, each reason with its amount and legal basis, and their sum."""
    is_english = language is Language.EN
    out.print(Text(found.english if is_english else found.indonesian, style="bold"))
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(justify="right", no_wrap=True)
    table.expand = True
    for number, reason in enumerate(found.reasons, 1):
        amount = "" if reason.amount is None or reason.rule != "line" else formatted(reason.amount)
        text = reason.english if is_english else reason.indonesian
        table.add_row(f"{number}.", Text(text), amount)
        table.add_row("", Text(_basis(reason, is_english=is_english), style="dim"), "")
    if found.total is not None:
        together = "Together" if is_english else "Jumlah"
        table.add_row("", Text(together, style="bold"), Text(formatted(found.total), style="bold"))
    out.print(table)


def _basis(reason: Reason, *, is_english: bool) -> str:
    english, indonesian = _CONFIDENCE[reason.confidence]
    return f"{reason.legal_basis} ({english if is_english else indonesian})"


def as_json(found: Explanation) -> dict[str, object]:
    """Return an explanation for machines, in both languages."""
    return {
        "english": found.english,
        "indonesian": found.indonesian,
        "total": found.total,
        "reasons": [
            {
                "rule": reason.rule,
                "english": reason.english,
                "indonesian": reason.indonesian,
                "legalBasis": reason.legal_basis,
                "confidence": reason.confidence,
                "amount": reason.amount,
                "day": reason.day,
            }
            for reason in found.reasons
        ],
    }
