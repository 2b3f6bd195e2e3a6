"""The short notation of a rule test: ``100x3 120+20x5 _ 90 -``, and of texts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Final, TypeAlias

from watcher.units import Unit, day_number, parse_day, parse_number
from watcher.words import Wrong, either, kind, nearest, quoted

Series: TypeAlias = tuple[float | None, ...]
TextSeries: TypeAlias = tuple["str | Nothing | None", ...]

ABSENT: Final = None  # the product is not in the list
MISSING: Final = float("nan")  # it is, and has no value


class Nothing(Enum):
    """A product that is in the list without that text."""

    TEXT = "no text"


NO_TEXT: Final = Nothing.TEXT

LONGEST = 10_000

_MARKS: dict[str, float | None] = {"_": MISSING, "-": ABSENT}
_LOOSE_REPEAT = re.compile(r"\s+(?=x\d)")
_REPEATED = re.compile(r"(.+?)x(\d{1,6})", re.ASCII)
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3}|[kKmM%])?"
_POWER = re.compile(r"([-+]?[\d.]+)[eE]([-+]?\d{1,3})", re.ASCII)
_STEPS = re.compile(rf"([-+]?{_NUMBER})([-+]{_NUMBER})", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# "Night serum" x3, or a word; a quoted text may be followed by its repeat at once.
_TEXT = re.compile(r'(?:"(?P<quoted>[^"]*)"|(?P<word>[^\s"]+?))(?:\s*x(?P<count>\d{1,6}))?(?=\s|$)')
_TEXT_MARKS: dict[str, Nothing | None] = {"_": NO_TEXT, "-": ABSENT}
_TRUTH = {"true": 1, "false": 0}


def parse_series(text: str, unit: Unit, names: Mapping[str, int]) -> Series:
    """The values of a field, one a scan: NaN where it has none, None where the product is absent.
    ``100x3`` is a value three times, ``120+20x5`` five values from 120 in steps of 20, ``_`` no
    value, ``-`` not in the list (both may be repeated). ``names`` are a flag's values by name.
    Raises ``Wrong``."""
    values: list[float | None] = []
    for word in _LOOSE_REPEAT.sub("", text.strip()).split():
        values += _word(word, unit, names)
        if len(values) > LONGEST:
            raise Wrong(f"has more than {LONGEST:,} values")
    if not values:
        raise Wrong("is empty: write values as 100x3 120 _ 90")
    return tuple(values)


def parse_texts(value: object, *, free: bool) -> TextSeries:
    """The texts of an attribute, one a scan, or one for all: ``NO_TEXT`` where it has none, None
    where the product is absent. A list has a text for each scan. The short notation is that of
    numbers, with texts in quotes where they have spaces; what is ``free`` text (a name) is read so
    only where it has quotes."""
    texts = tuple(_texts(value, free=free))
    if not texts:
        raise Wrong("is empty: write a text, or one for each scan, as [Old name, New name]")
    if len(texts) > LONGEST:
        raise Wrong(f"has more than {LONGEST:,} values")
    return texts


def _texts(value: object, *, free: bool) -> Iterable[str | Nothing | None]:
    if isinstance(value, list):
        return map(_item, value)
    if isinstance(value, dict):
        raise Wrong(f"takes a text or a list of them, not {kind(value)}")
    text = str(value).strip()
    noted = '"' in text or (" " in text and not free)
    return _noted(text) if noted else (str(value),)


def _item(value: object) -> str | Nothing | None:
    if isinstance(value, dict | list):
        raise Wrong(f"takes texts, not {kind(value)}")
    if value is None:
        return NO_TEXT
    text = str(value)
    if text in _TEXT_MARKS:
        return _TEXT_MARKS[text]
    quoted_text = text.startswith('"') and text.endswith('"') and len(text) > 1
    return text[1:-1] if quoted_text else text


def _noted(text: str) -> Iterator[str | Nothing | None]:
    place = 0
    while place < len(text):
        found = _TEXT.match(text, place)
        if found is None:
            hint = 'write texts with spaces in quotes, as \'"Night serum" x3 "Day serum"\''
            raise Wrong(f"can't be read from {quoted(text[place : place + 20])} on: {hint}")
        count = int(found["count"] or 1)
        if not 1 <= count <= LONGEST:
            raise Wrong(f"{quoted(found[0])}: a value is repeated 1 to {LONGEST:,} times")
        word = found["word"]
        each = found["quoted"] if word is None else _TEXT_MARKS.get(word, word)
        yield from [each] * count
        place = len(text) - len(text[found.end() :].lstrip())


def _word(word: str, unit: Unit, names: Mapping[str, int]) -> Iterator[float | None]:
    repeated = _REPEATED.fullmatch(word)
    single, count = (repeated[1], int(repeated[2])) if repeated else (word, 1)
    if not 1 <= count <= LONGEST:
        raise Wrong(f"{quoted(word)}: a value is repeated 1 to {LONGEST:,} times")
    if single in _MARKS:
        yield from [_MARKS[single]] * count
        return
    steps = _STEPS.fullmatch(single)
    if steps is None or _DATE.fullmatch(single):
        yield from [_value(single, unit, names)] * count
        return
    if repeated is None:
        raise Wrong(f"{quoted(word)} does not say how many values: write {word}x5")
    first, step = _number(steps[1]), _number(steps[2])
    # Rounded, for 0.1+0.1x3 ends at 0.3 to the reader.
    yield from (round(first + step * turn, 12) for turn in range(count))


def _value(word: str, unit: Unit, names: Mapping[str, int]) -> float:
    known = {**names, **_TRUTH} if unit is Unit.FLAG else names
    if word.casefold() in known:
        return float(known[word.casefold()])
    if unit is Unit.DAY and _DATE.fullmatch(word):
        found = parse_day(int(word.replace("-", "")))
        if found is None:
            raise Wrong(f"{quoted(word)} is no day")
        return float(day_number(found))
    try:
        return _number(word)
    except Wrong:
        raise
    except ValueError:
        raise _no_value(word, known) from None


def _no_value(word: str, known: Mapping[str, int]) -> Wrong:
    if word == "stale":  # as in promtool; "stable" is something else
        return Wrong('"stale" is written "-": the product is not in the list')
    choice = f"{either(list(known))}, or " if known else ""
    hint = nearest(word, known, 1) or f": it is {choice}a number as 100, _ or -"
    return Wrong(f"{quoted(word)} is no value{hint}")


def _number(word: str) -> float:
    """A number, also as ``1e3``; ``ValueError`` of what is none, or has no end."""
    power = _POWER.fullmatch(word)
    number = float(f"{parse_number(power[1])}e{power[2]}") if power else parse_number(word)
    if not math.isfinite(number):
        raise Wrong(f"{quoted(word)} is too large a number")
    return number
