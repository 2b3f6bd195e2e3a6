"""Text to value and back: durations, numbers, counts, percentages, days, instants.

An instant is whole Unix seconds, UTC; a duration is whole seconds. Parsers raise
``ValueError`` with a text for the user; they read text as people write it in the rule file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import cache
from itertools import islice
from typing import NamedTuple

from watcher.cldr import conventions
from watcher.language import gettext as _
from watcher.language import ngettext, pgettext

SECOND, MINUTE, HOUR, DAY, WEEK = 1, 60, 3_600, 86_400, 604_800


class Unit(StrEnum):
    """The unit of a value: decides how it is written for people, and how it is stored."""

    COUNT = "count"
    MONEY = "money"
    GMV = "gmv"
    FRACTION = "fraction"
    SCORE = "score"
    FLAG = "flag"
    DAY = "day"
    PLACE = "place"
    DAYS = "days"
    TEXT = "text"


# Above this a float64 no longer tells neighbouring cents apart, and no count is that large.
LARGEST = 1e15

AMOUNTS = frozenset({Unit.MONEY, Unit.GMV})


class Currencies(NamedTuple):
    """ISO codes of a product's prices and of all GMV, None where it is not known.

    They are two: the API names the currency of a price, and never that of GMV.
    """

    prices: str | None = None
    gmv: str | None = None

    def of(self, unit: Unit | str) -> str | None:
        """The code of an amount of that unit; None of what is no amount."""
        if unit == Unit.MONEY:
            return self.prices
        return self.gmv if unit == Unit.GMV else None


NO_CURRENCIES = Currencies()
_LARGEST_FIRST = (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND))
_SECONDS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_DURATION = re.compile(r"(\d{1,12})([smhdw])(?:(\d{1,12})([smhdw]))?", re.ASCII)
_NUMBER = re.compile(r"([-+]?(?:\d+(?:\.\d*)?|\.\d+))([kKmM%]?)", re.ASCII)
_FACTORS = {"": 1.0, "k": 1e3, "m": 1e6, "%": 0.01}
_LONGEST = 3_650 * DAY


def parse_duration(text: str) -> int:
    """``90s``, ``15m``, ``6h``, ``7d``, ``2w``, or two of these (``1h30m``), in seconds."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'"{text}" is no duration: write it like 90s, 15m, 6h, 7d, 2w or 1h30m')
    first, unit, second, smaller = match.groups()
    if smaller is not None and _SECONDS[smaller] >= _SECONDS[unit]:
        raise ValueError(f'"{text}" is no duration: the larger unit comes first, as in 1h30m')
    seconds = int(first) * _SECONDS[unit] + (int(second) * _SECONDS[smaller] if smaller else 0)
    if seconds > _LONGEST:
        raise ValueError(f'"{text}" is longer than ten years')
    return seconds


def format_duration(seconds: int) -> str:
    """The shortest exact text that ``parse_duration`` reads back where two units suffice.

    Otherwise the two largest units: 1d1h of 90061 seconds. Another language than English has words
    for them, which nothing reads back.
    """
    own = conventions()
    if own is None:
        return written_duration(seconds)
    return "".join(own.span[unit].of(count) for count, unit in _largest(seconds))


def written_duration(seconds: int) -> str:
    """The ``format_duration`` as a rule file has it, whatever language is spoken: for texts by
    which something is known again."""
    return "".join(f"{count}{unit}" for count, unit in _largest(seconds))


def _largest(seconds: int) -> list[tuple[int, str]]:
    return [*islice(_parts(seconds), 2)] or [(0, "s")]


def _parts(seconds: int) -> Iterator[tuple[int, str]]:
    for unit, size in _LARGEST_FIRST:
        if seconds >= size:
            yield seconds // size, unit
            seconds %= size


def parse_number(text: str) -> float:
    """``12``, ``0.5``, ``10k``, ``1.5m``; a percentage is its fraction (``10%`` is 0.1)."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'"{text}" is no number: write it like 12, 0.5, 10k, 1.5m or 10%')
    # Rounded, for 10% of a float product is 0.1 to the reader and should be to us.
    return round(float(match[1]) * _FACTORS[match[2].lower()], 12)


def format_number(value: float, digits: int = 2) -> str:
    """``1,234`` for whole numbers, else at most ``digits`` decimals: ``1,234.5``."""
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    own = conventions()
    if own is not None:
        text = own.number(text)
    return "0" if text in ("-0", "") else text


def plural(number: float, noun: str, several: str = "") -> str:
    """The noun for so many: ``products``; ``several`` is that of what takes more than an s."""
    return noun if number == 1 else several or f"{noun}s"


def count_of(number: float, noun: str, several: str = "") -> str:
    """``1 product``, ``1,234 products``."""
    return f"{format_number(number)} {plural(number, noun, several)}"


def counted(one: str, several: str, number: float) -> str:
    """``{count} product`` or ``{count} products`` of so many, in the language that is spoken."""
    return ngettext(one, several, number).format(count=format_number(number))


def format_bytes(size: int) -> str:
    """A size in units of 1,000 bytes: 950 bytes, 12.4 kB, 3.1 GB."""
    if size < 1_000:
        return count_of(size, "byte")
    power = next((power for power in (1, 2, 3) if round(size / 1_000**power, 1) < 1_000), 4)
    return f"{size / 1_000**power:,.1f} {('kB', 'MB', 'GB', 'TB')[power - 1]}"


def format_percent(fraction: float, *, signed: bool = False) -> str:
    """``12.5%`` of 0.125; with ``signed``, ``+303%``. From 100% on without decimals."""
    percent = fraction * 100
    digits = 0 if abs(percent) >= 100 else 1
    text = format_number(percent, digits)
    text = f"+{text}" if signed and not text.startswith("-") and text != "0" else text
    return in_percent(text)


def in_percent(text: str) -> str:
    """``12.5%``: a number, which is written already, with the sign of percents."""
    own = conventions()
    return f"{text}%" if own is None else own.percent.of(text)


def format_value(
    value: float | str | None, unit: Unit | str, currencies: Currencies = NO_CURRENCIES
) -> str:
    """A metric's value for people: ``1,234``, ``4.99 USD``, ``12.5%``, ``#3``, ``19 Dec 2024``."""
    if value is None:
        return _("no value")
    if isinstance(value, str):
        return value
    match Unit(unit):
        case Unit.MONEY | Unit.GMV:
            return _format_money(value, currencies.of(unit))
        case Unit.FRACTION:
            return format_percent(value)
        case Unit.PLACE:
            return _("#{place}").format(place=format_number(value))
        case Unit.DAYS:
            return _("{count} days").format(count=format_number(value, 0))
        case Unit.DAY:
            day = parse_day(int(value))
            return format_day(day, year=True) if day else format_number(value)
        case _:
            return format_number(value)


def _format_money(value: float, currency: str | None) -> str:
    """``4.90 USD`` or ``5``; without cents from 1,000 on, where they matter no more, and in
    currencies that have none in use."""
    digits = 0 if abs(value) >= 1_000 else _decimals(currency)
    text = f"{value:,.{digits}f}"
    text = text.removesuffix("." + "0" * digits)
    text, own = "0" if text == "-0" else text, conventions()
    if own is None:
        return f"{text} {currency}" if currency else text
    return own.amount_of(text, currency) if currency else own.number(text)


def currency_leads() -> bool:
    """Whether a currency's sign stands before its amount, so that of two amounts both need it."""
    own = conventions()
    return own is not None and own.sign_leads


@cache
def _decimals(currency: str | None) -> int:
    """The digits after the point that a currency has in use, by CLDR: 2 of most, and of a code
    that is unknown."""
    from babel.core import get_global  # noqa: PLC0415 - 14 ms, which few commands need

    fractions: Mapping[str, tuple[int, ...]] = get_global("currency_fractions")
    return fractions.get(currency or "", (2,))[0]


def parse_day(value: int) -> date | None:
    """The day of a ``yyyyMMdd`` number; None where it is none."""
    try:
        return date(value // 10_000, value // 100 % 100, value % 100)
    except (ValueError, OverflowError):
        return None


def day_number(day: date) -> int:
    """``yyyyMMdd`` of a day."""
    return day.year * 10_000 + day.month * 100 + day.day


def utc_day(instant: int) -> date:
    """The UTC day of an instant."""
    return at(instant).date()


def at(instant: int, zone: tzinfo = UTC) -> datetime:
    """An instant as an aware datetime."""
    return datetime.fromtimestamp(instant, zone)


def format_instant(instant: int, zone: tzinfo = UTC) -> str:
    """``2026-11-23 15:04 Asia/Shanghai``: by name, for CST and IST are three zones each."""
    when, own = at(instant, zone), conventions()
    if own is None:
        return f"{when:%Y-%m-%d %H:%M} {zone}"
    return f"{own.day_of_year.of(when)} {own.time.of(when)} {zone}"


def format_day(day: date, *, year: bool = False) -> str:
    """``16 Nov``, with its ``year`` ``16 Nov 2026``."""
    own = conventions()
    if own is not None:
        return (own.day_of_year if year else own.day).of(day)
    return f"{day.day} {day:%b %Y}" if year else f"{day.day} {day:%b}"


def format_stored_day(day: date) -> str:
    """``2026-11-16``."""
    own = conventions()
    return day.isoformat() if own is None else own.day_of_year.of(day)


def format_month(day: date) -> str:
    """``2026-11``: the month of a day."""
    own = conventions()
    return f"{day:%Y-%m}" if own is None else own.month.of(day)


def format_time(when: datetime) -> str:
    """``15:04``."""
    own = conventions()
    return f"{when:%H:%M}" if own is None else own.time.of(when)


def format_span(since: int, until: int, zone: tzinfo = UTC) -> str:
    """``2026-11-23 15:04 UTC to 2026-11-24 15:04 UTC``."""
    return _("{since} to {until}").format(
        since=format_instant(since, zone), until=format_instant(until, zone)
    )


def enumerated(parts: Iterable[str]) -> str:
    """``a, b, c``, with what the language that is spoken sets between them."""
    return pgettext("between the parts of a list", ", ").join(parts)


def format_iso(instant: int) -> str:
    """``2026-11-23T15:04:05Z``: for programs."""
    return f"{at(instant):%Y-%m-%dT%H:%M:%SZ}"


def parse_moment(text: str, now: int, zone: tzinfo = UTC) -> int:
    """The instant so long before ``now`` (``30d``), or a day or time of ``zone`` or one's own:
    ``2026-11-01``, ``2026-11-01T09:00``, ``2026-11-01T09:00+01:00``."""
    text = text.strip()
    with suppress(ValueError):
        return now - parse_duration(text)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f'"{text}" is no time: write it like 30d (so long ago), 2026-11-01 or 2026-11-01T09:00'
        ) from None
    return int((when if when.tzinfo else when.replace(tzinfo=zone)).timestamp())


def format_ago(instant: int, now: int) -> str:
    """``3h ago``, ``in 20m``, ``now``: for people, in the largest unit."""
    largest, own = next(_parts(abs(now - instant)), None), conventions()
    if largest is None:
        return "now" if own is None else own.now
    count, unit = largest
    if own is not None:
        return (own.past if instant < now else own.future)[unit].of(count)
    return f"{count}{unit} ago" if instant < now else f"in {count}{unit}"


def format_since(instant: int, now: int) -> str:
    """The ``format_ago`` of what has happened: a time to come (the clock was ahead) is now."""
    return format_ago(min(instant, now), now)


def next_midnight(instant: int) -> int:
    """The first instant of the next UTC day."""
    return (instant // DAY + 1) * DAY


def next_month(instant: int) -> int:
    """The first instant of the next UTC month."""
    month = (utc_day(instant).replace(day=1) + timedelta(days=31)).replace(day=1)
    return (month - utc_day(0)).days * DAY
