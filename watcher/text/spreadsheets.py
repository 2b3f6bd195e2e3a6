"""CSV, for programs and for spreadsheets: of one with a decimal comma by an option."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

# Before CSV that a spreadsheet is to read as UTF-8.
BOM = b"\xef\xbb\xbf"
# A spreadsheet would reckon what begins so, or run it; the apostrophe tells it not to.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
_SKIPPED = ("\t", "\r")  # by a spreadsheet, at the begin of a text


def csv_lines(rows: Iterable[Iterable[object]], *, comma: bool = False) -> bytes:
    """Rows as lines; what needs quotes has them. With a decimal ``comma`` the values are parted by
    semicolons. Texts are written as they are: ``no_formula`` is for those that others wrote."""
    page = io.StringIO(newline="")
    written = ([_with_comma(each) for each in row] for row in rows) if comma else rows
    csv.writer(page, lineterminator="\n", delimiter=";" if comma else ",").writerows(written)
    return page.getvalue().encode()


def no_formula(text: str) -> str:
    """A text with an apostrophe before it, where a spreadsheet would take it for a formula."""
    is_formula = text.startswith(_SKIPPED) or text.lstrip().startswith(_FORMULA)
    return f"'{text}" if is_formula else text


def _with_comma(value: object) -> object:
    return repr(float(value)).replace(".", ",") if isinstance(value, float) else value
