"""Numbers, dates, spans of time and amounts as other languages than English write them, by CLDR.

What Babel knows of a language is read once and kept as plain patterns: Babel's own formatters look
a pattern up and take it apart at each value, which costs ten times as much as a whole line of a
message. English is not here: ``units`` writes it, as it did before there were other languages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple, cast

from watcher.language import Language, language

_FIELD = re.compile(r"%\((\w+)\)s")
_UNITS = {"d": "day", "h": "hour", "m": "minute", "s": "second"}
_AMOUNT = "\u00a4"  # the place of a currency's sign in a pattern
_NUMBER = re.compile(r"\{0\}|[#0,.]*0[#0,.]*")

_Formatted = Callable[[date], object]


class Around(NamedTuple):
    """The text around a number."""

    before: str
    after: str

    def of(self, number: object) -> str:
        """The number with it."""
        return f"{self.before}{number}{self.after}"


@dataclass(frozen=True, slots=True)
class Dates:
    """A pattern of a date or a time, taken apart: ``text`` has a place for each of ``fields``."""

    text: str
    fields: tuple[_Formatted, ...]

    def of(self, when: date) -> str:
        """The day or time, as it is written."""
        return self.text % tuple([each(when) for each in self.fields])


@dataclass(frozen=True, slots=True)
class Conventions:
    """The conventions of a language. ``separators`` turn a number in English into its own, where
    they are others; ``suffixes`` are those of large numbers with their sizes, the largest first; a
    ``span`` has the pattern of each unit, ``past`` and ``future`` those of a time so far away."""

    separators: Mapping[int, str] | None
    percent: Around
    amount: Around
    signs: Mapping[str, str]
    suffixes: tuple[tuple[float, str], ...]
    span: Mapping[str, Around]
    past: Mapping[str, Around]
    future: Mapping[str, Around]
    now: str
    day: Dates
    day_of_year: Dates
    month: Dates
    time: Dates
    _around: dict[str, Around] = field(default_factory=dict)  # by currency

    def number(self, text: str) -> str:
        """A number that is written in English."""
        return text if self.separators is None else text.translate(self.separators)

    @property
    def sign_leads(self) -> bool:
        """Whether a currency's sign stands before the amount."""
        return _AMOUNT in self.amount.before

    def amount_of(self, text: str, currency: str) -> str:
        """An amount, written as a number in English, with its currency's sign: ``US$4.99``."""
        around = self._around.get(currency) or self._around_of(currency)
        if text.startswith("-"):
            return f"-{around.before}{self.number(text[1:])}{around.after}"
        return f"{around.before}{self.number(text)}{around.after}"

    def _around_of(self, currency: str) -> Around:
        sign = self.signs.get(currency, currency)
        # By CLDR a code of letters keeps away from the digits.
        apart = "\u00a0" if self.sign_leads and sign[-1:].isalpha() else ""
        before, after = (part.replace(_AMOUNT, sign + apart) for part in self.amount)
        return self._around.setdefault(currency, Around(before, after))


def conventions() -> Conventions | None:
    """The conventions of the language that is spoken; None of English."""
    spoken = language()
    return None if spoken is Language.ENGLISH else conventions_of(spoken)


@cache
def conventions_of(wanted: Language) -> Conventions:
    """The conventions of a language, read of Babel once."""
    from babel import Locale  # noqa: PLC0415 - 14 ms, and never for English

    # As a mapping: of much that CLDR says Babel has no property of its own.
    data = cast("Mapping[str, Any]", Locale.parse(wanted.locale)._data)  # noqa: SLF001
    symbols = _of_latin(data["number_symbols"])
    own = str.maketrans({",": symbols["group"], ".": symbols["decimal"]})
    units = {short: data["unit_patterns"][f"duration-{unit}"] for short, unit in _UNITS.items()}
    ways = {short: data["date_fields"][unit] for short, unit in _UNITS.items()}
    skeletons = data["datetime_skeletons"]
    return Conventions(
        None if own == str.maketrans({",": ",", ".": "."}) else own,
        _around(data["percent_formats"][None].pattern),
        _around(data["currency_formats"]["standard"].pattern.partition(";")[0]),
        dict(data["currency_symbols"].items()),
        _suffixes(data["compact_decimal_formats"]["short"]["other"]),
        {short: _around(each["short"]["other"]) for short, each in units.items()},
        {short: _around(each["past"]["other"]) for short, each in ways.items()},
        {short: _around(each["future"]["other"]) for short, each in ways.items()},
        data["date_fields"]["second"]["relative"][0],
        _dates(skeletons["MMMd"].format, data),
        _dates(skeletons["yMMMd"].format, data),
        _dates(skeletons["yMMM"].format, data),
        _dates(skeletons["Hm"].format, data),
    )


def _of_latin(symbols: Mapping[str, Any]) -> Mapping[str, str]:
    """The symbols beside the digits 0 to 9; older Babels know one system alone."""
    return cast("Mapping[str, str]", symbols.get("latn", symbols))


def _around(pattern: str) -> Around:
    """The parts of a pattern before and after its number."""
    before, after = _NUMBER.split(pattern, maxsplit=1)
    return Around(before, after)


def _suffixes(patterns: Mapping[str, Any]) -> tuple[tuple[float, str], ...]:
    """Each suffix of large numbers with what one of it is: 10,000 of "0\u4e07"."""
    found: dict[str, float] = {}
    for size, pattern in patterns.items():
        suffix = pattern.pattern.lstrip("0")
        if suffix:
            digits = len(pattern.pattern) - len(suffix)
            found.setdefault(suffix, float(size) / 10 ** (digits - 1))
    return tuple(sorted(((size, suffix) for suffix, size in found.items()), reverse=True))


def _dates(pattern: str, data: Mapping[str, Any]) -> Dates:
    """A pattern of Babel's, ``%(M)s\u6708%(d)s\u65e5``, with what fills its places."""
    months = data["months"]["format"]
    known: dict[str, _Formatted] = {
        "y": lambda when: when.year,
        "yy": lambda when: f"{when.year % 100:02}",
        "M": lambda when: when.month,
        "MM": lambda when: f"{when.month:02}",
        "MMM": lambda when: months["abbreviated"][when.month],
        "MMMM": lambda when: months["wide"][when.month],
        "d": lambda when: when.day,
        "dd": lambda when: f"{when.day:02}",
        "H": lambda when: cast("datetime", when).hour,
        "HH": lambda when: f"{cast('datetime', when).hour:02}",
        "mm": lambda when: f"{cast('datetime', when).minute:02}",
    }
    fields = tuple(known[name] for name in _FIELD.findall(pattern))
    return Dates(_FIELD.sub("%s", pattern), fields)
