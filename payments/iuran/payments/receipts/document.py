"""A receipt as a PDF of A5 pages, in the fonts that every reader has."""

import unicodedata
from datetime import datetime

from fpdf import FPDF
from fpdf.enums import WrapMode, XPos, YPos

from iuran.payments.receipts.records import ReceiptState
from iuran.payments.receipts.words import Line, Sheet

PAGE_MILLIMETRES = (148.0, 210.0)
MARGIN_MILLIMETRES = 14.0
_LABEL_MILLIMETRES = 46.0
_AMOUNT_MILLIMETRES = 34.0
_ROW_MILLIMETRES = 5.6
_INK, _SOFT, _MARK, _WARN = (20, 52, 43), (91, 111, 104), (11, 122, 85), (162, 72, 11)
_FONT = "Helvetica"


def pdf_of(sheet: Sheet, *, made_at: datetime) -> bytes:
    """Return the document; `made_at` is its date of creation, all else is the receipt's own."""
    pdf = FPDF(unit="mm", format=PAGE_MILLIMETRES)
    pdf.set_creation_date(made_at)
    pdf.set_title(f"{sheet.title} {sheet.number.value}")
    pdf.set_lang(sheet.language)
    pdf.set_margin(MARGIN_MILLIMETRES)
    pdf.c_margin = 0
    pdf.set_auto_page_break(auto=True, margin=MARGIN_MILLIMETRES)
    pdf.add_page()
    _write_head(pdf, sheet)
    for line in sheet.facts:
        _write_fact(pdf, line)
    _rule(pdf)
    for line in sheet.items:
        _write_amount(pdf, line)
    _rule(pdf)
    for line in sheet.sums:
        _write_amount(pdf, line)
    _write_amount(pdf, sheet.total, size=13, style="B")
    pdf.ln(2)
    for note in sheet.notes:
        _write(pdf, note, size=8.5, colour=_SOFT)
        pdf.ln(0.8)
    return bytes(pdf.output())


def printable(text: str) -> str:
    """Return a text in the letters of Latin-1, which the built-in fonts have.

    Accents that it lacks are left out (`Ś` is S); other letters become question marks.
    """
    return "".join(map(_letter, text))


def _letter(letter: str) -> str:
    if letter.isspace():
        return " "
    for form in (letter, unicodedata.normalize("NFKD", letter)):
        known = form.encode("latin-1", "ignore").decode("latin-1")
        if known and known.isprintable():
            return known
    return "?"


def _write_head(pdf: FPDF, sheet: Sheet) -> None:
    colour = _MARK if sheet.state is ReceiptState.VALID else _WARN
    _write(pdf, sheet.state_text, size=10, style="B", colour=colour)
    _write(pdf, sheet.title, size=15, style="B", height=8)
    _write(pdf, f"{sheet.number.label} {sheet.number.value}", size=9, colour=_SOFT)
    _rule(pdf)


def _write_fact(pdf: FPDF, line: Line) -> None:
    pdf.set_font(_FONT, size=9.5)
    pdf.set_text_color(*_SOFT)
    pdf.cell(_LABEL_MILLIMETRES, _ROW_MILLIMETRES, printable(line.label))
    pdf.set_text_color(*_INK)
    _cells(pdf, 0, line.value, align="R")


def _write_amount(pdf: FPDF, line: Line, *, size: float = 9.5, style: str = "") -> None:
    """Write a row whose amount stands on the right; a row is never torn between pages."""
    if pdf.will_page_break(2 * _ROW_MILLIMETRES):
        pdf.add_page()
    pdf.set_font(_FONT, style, size)
    pdf.set_text_color(*_INK)
    top = pdf.get_y()
    pdf.set_x(pdf.w - MARGIN_MILLIMETRES - _AMOUNT_MILLIMETRES)
    pdf.cell(_AMOUNT_MILLIMETRES, _ROW_MILLIMETRES, printable(line.value), align="R")
    pdf.set_xy(MARGIN_MILLIMETRES, top)
    _cells(pdf, pdf.epw - _AMOUNT_MILLIMETRES, line.label, align="L")


def _write(
    pdf: FPDF,
    text: str,
    *,
    size: float,
    style: str = "",
    colour: tuple[int, int, int] = _INK,
    height: float = 4.6,
) -> None:
    pdf.set_font(_FONT, style, size)
    pdf.set_text_color(*colour)
    pdf.multi_cell(0, height, printable(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _cells(pdf: FPDF, width: float, text: str, *, align: str) -> None:
    pdf.multi_cell(
        width,
        _ROW_MILLIMETRES,
        printable(text),
        align=align,
        new_x=XPos.LMARGIN,
        new_y=YPos.NEXT,
        wrapmode=WrapMode.WORD if " " in text else WrapMode.CHAR,
    )


def _rule(pdf: FPDF) -> None:
    pdf.ln(1.8)
    pdf.set_draw_color(*_SOFT)
    pdf.set_line_width(0.1)
    pdf.line(MARGIN_MILLIMETRES, pdf.get_y(), pdf.w - MARGIN_MILLIMETRES, pdf.get_y())
    pdf.ln(1.8)
