"""A receipt as one self-contained HTML page, for the screen and for the printer."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from iuran.payments.receipts.words import Sheet

if TYPE_CHECKING:
    from jinja2 import Template


def html_of(sheet: Sheet, *, pdf_path: str = "") -> str:
    """Return the page; with the way to its PDF and to the other language, if it is served."""
    return _page().render(sheet=sheet, style=_STYLE, pdf_path=pdf_path)


def _text(name: str) -> str:
    return files("iuran.payments.receipts").joinpath(name).read_text(encoding="utf-8")


@cache
def _page() -> "Template":
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - 2 MiB; only who shows one

    return Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).from_string(_text("page.html.jinja"))


_STYLE = _text("page.css")
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
