"""Whatever a receipt says can be printed and shown."""

from hypothesis import given
from hypothesis import strategies as st

from iuran.core.database.pool import Pool
from iuran.payments.receipts.document import pdf_of, printable
from iuran.payments.receipts.page import html_of
from iuran.payments.receipts.words import sheet_of
from tests.payments.receipts.stories import (
    a_paying_family,
    receipts_of,
    text_of,
)

NASTY = 'ŚITI <b>"O\'BRIEN"</b> 王 &amp;'
INDONESIAN_AND_ENGLISH = ("id", "en")


async def test_a_name_with_any_letters_stands_on_page_and_pdf(pool: Pool) -> None:
    _, family, _ = await a_paying_family(pool, name=NASTY)
    (receipt,) = await receipts_of(pool, family)

    for language in INDONESIAN_AND_ENGLISH:
        sheet = sheet_of(receipt, language=language)
        page = html_of(sheet)
        document = pdf_of(sheet, made_at=receipt.booked_at)

        assert "<b>" not in page
        assert "BRIEN" not in page
        assert '<html lang="' + language in page
        assert document.startswith(b"%PDF-")
        assert "S***" in text_of(document)
        assert "Rp300.000" in text_of(document)


@given(st.text(max_size=40))
def test_any_text_can_be_printed(text: str) -> None:
    shown = printable(text)

    assert len(shown.encode("latin-1")) >= len(text)
    assert shown.isprintable()


def test_accents_are_left_out_rather_than_letters() -> None:
    assert printable("Śūñ é 王") == "Suñ é ?"
