"""Numbers in the cells of a spreadsheet, as people and Excel write them: ``1.234,50 €``, ``10%``,
``(5.00)``. Which of point and comma is the decimal one is a whole file's matter: a cell that could
mean two numbers is none until another cell tells."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from enum import Enum

_PLAIN = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_SIGNS = "$€£¥￥฿₫₱₩₹₽₺"
_CODES = (
    "USD EUR GBP JPY CNY RMB CNH THB VND IDR MYR PHP SGD MXN BRL SAR AED KRW TWD HKD AUD CAD CHF "
    "PLN SEK NOK DKK CZK INR RUB TRY ZAR US S R RM RP KR ZL"
).split()
_WORDS = "|".join(sorted(_CODES, key=len, reverse=True))
_CURRENCY = rf"(?:(?:{_WORDS})?[{_SIGNS}]|(?:{_WORDS})\.?)"
_WHOLE = re.compile(
    rf"(?P<open>\()?\s*(?P<minus>[-\u2212+])?\s*(?P<before>{_CURRENCY})?\s*(?P<sign>[-\u2212+])?"
    rf"(?P<digits>[\d.,'\u2019 ]*\d|\d)(?P<factor>[kKmM])?\s*(?P<percent>%)?"
    rf"\s*(?P<after>{_CURRENCY})?\s*(?(open)\))",
    re.IGNORECASE | re.ASCII,
)
_POWER = re.compile(r"-?\d(?:[.,]\d+)?[eE][+-]?\d{1,3}", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?P<mark>[.,'\u2019 ])\d{3}(?:(?P=mark)\d{3})*", re.ASCII)
_SPACES = re.compile("[\u00a0\u2007\u2009\u202f]")
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u2060\ufeff"))
_MOST_DIGITS = 18
_FACTORS = {"k": 1e3, "m": 1e6}


class Decimals(Enum):
    """The sign before the decimals, as far as it is known."""

    DOT = "."
    COMMA = ","
    BOTH = "both"  # some cells have the one, some the other: each must tell by itself
    UNKNOWN = ""


class Cell:
    """A cell with digits: the parts of the text, and what it is written with."""

    __slots__ = ("digits", "factor", "is_money", "is_percent")

    def __init__(self, match: re.Match[str]) -> None:
        minus = (match["minus"] or match["sign"]) in ("-", "\u2212") or match["open"]
        self.digits = match["digits"]
        self.is_percent = bool(match["percent"])
        self.is_money = bool(match["before"] or match["after"])
        self.factor = (-1 if minus else 1) * _FACTORS.get((match["factor"] or "").lower(), 1.0)

    @property
    def point(self) -> Decimals:
        """The file's decimal sign, as far as this cell tells it."""
        dots, commas = self.digits.count("."), self.digits.count(",")
        if dots and commas:
            return (
                Decimals.DOT
                if self.digits.rindex(".") > self.digits.rindex(",")
                else Decimals.COMMA
            )
        if not dots + commas:
            return Decimals.UNKNOWN
        mark, other = (Decimals.DOT, Decimals.COMMA) if dots else (Decimals.COMMA, Decimals.DOT)
        if dots + commas > 1:
            return other  # 1,234,567: that is no decimal sign
        whole, _, part = self.digits.partition(mark.value)
        grouped = len(part) == 3 and 1 <= len(whole.strip()) <= 3 and not whole.startswith("0")
        return Decimals.UNKNOWN if grouped else mark

    def value(self, point: Decimals) -> float | None:
        """The number; None of what it could be two of, or what is no number after all."""
        digits = self.digits
        own = self.point
        if own is Decimals.UNKNOWN and ("." in digits or "," in digits):
            if point in (Decimals.BOTH, Decimals.UNKNOWN):
                return None
            own = point
        elif (
            own is not Decimals.UNKNOWN
            and point in (Decimals.DOT, Decimals.COMMA)
            and own is not point
        ):
            return None
        decimal = own.value if own in (Decimals.DOT, Decimals.COMMA) else "."
        whole, _, part = digits.rpartition(decimal) if decimal in digits else (digits, "", "")
        whole = whole.strip()
        if whole and not whole.isdecimal() and not _GROUPED.fullmatch(whole):
            return None
        if part and not part.isdecimal():
            return None
        number = float(f"{re.sub(r'[^0-9]', '', whole) or '0'}.{part or '0'}")
        percent = 0.01 if self.is_percent else 1.0
        return round(number * self.factor * percent, 12)


def cell_of(text: str) -> Cell | None:
    """A cell as a number to be; None of what is none, as an id is none."""
    match = _WHOLE.fullmatch(text)
    if match is None or sum(map(str.isdecimal, match["digits"])) > _MOST_DIGITS:
        return None
    return Cell(match)


def plain_number(text: str) -> float | None:
    """The number of a cell that is written as a program would: what nearly all are."""
    if _PLAIN.fullmatch(text):
        return float(text)
    if _POWER.fullmatch(text):
        value = float(text.replace(",", "."))
        return value if abs(value) <= 1e15 else None
    return None


def is_ambiguous(text: str) -> bool:
    """Whether a plain number could have its thousands marked: 1.234."""
    found = cell_of(text)
    return found is not None and found.point is Decimals.UNKNOWN and "." in text


def tidy(text: str) -> str:
    """A cell without the signs that only make it look well."""
    text = text.strip()
    if text.isascii():
        return text
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text)).translate(_UNSEEN).strip()


def point_of(texts: Iterable[str]) -> Decimals:
    """The decimal sign of a file, by all its cells that tell it."""
    found = set[Decimals]()
    for text in texts:
        if "." in text or "," in text:
            cell = cell_of(text)
            if cell is not None and cell.point is not Decimals.UNKNOWN:
                found.add(cell.point)
                if len(found) > 1:
                    return Decimals.BOTH
    return found.pop() if found else Decimals.UNKNOWN
