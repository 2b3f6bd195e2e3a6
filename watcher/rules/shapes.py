"""JSON Schemas of single values as people write them in a rule file.

An editor sees the file before anything is filled in, so that ``${NAME}`` may stand for every value.
What it offers stands in ``enum`` or ``examples``; what it accepts beside that in ``pattern``, with
the message that it shows where that does not fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from watcher.keyapi.fields import SEEN_REGIONS
from watcher.model import Severity

Schema: TypeAlias = dict[str, Any]

_FILLED_IN = r"\$\{"
_NUMERAL = r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
_TIME = r"[0-9]{1,12}[smhdw]([0-9]{1,12}[smhdw])?"
_DATE = r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}"


def written(pattern: str, say: str, examples: Iterable[object] = ()) -> Schema:
    """A text of a pattern, or one to be filled in; ``say`` is shown where it is neither."""
    fits = {"pattern": rf"^\s*({pattern})\s*$|{_FILLED_IN}", "patternErrorMessage": say}
    offered = list(examples)
    return {"type": "string", **fits, **({"examples": offered} if offered else {})}


def also(schema: Schema, *types: str, **limits: object) -> Schema:
    """The schema for values of other types too, within the limits of those."""
    known = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return schema | {"type": [*known, *types]} | limits


def one_of(words: Iterable[str], meanings: Iterable[str] = (), *, more: str = "") -> Schema:
    """Words that are offered as they are and accepted in any case; ``more`` is a pattern beside.

    ``meanings`` are shown beside the words, one for each.
    """
    offered = list(words)
    said = list(meanings)
    pattern = "|".join([*(_any_case(word) for word in offered), *([more] if more else [])])
    enum: Schema = {"enum": offered} | ({"enumDescriptions": said} if said else {})
    return {"anyOf": [enum, written(pattern, f"write {', '.join(offered)}")]}


def _any_case(word: str) -> str:
    return "".join(
        f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else letter for letter in word
    )


TEXT: Schema = {"type": "string"}
ID: Schema = {"type": ["string", "integer"]}
NUMBER: Schema = also(
    written(f"{_NUMERAL}[kKmM%]?", "write a number, as 12, 0.5, 10k, 1.5m or 10%"), "number"
)
AMOUNT: Schema = also(
    written(f"{_NUMERAL}[kKmM]?", "write a number, as 12, 0.5, 10k or 1.5m"), "number"
)
WHOLE: Schema = also(
    written(f"{_NUMERAL}[kKmM]?", "write a whole number, as 100 or 10k"), "integer"
)
DURATION: Schema = {
    "anyOf": [
        written(_TIME, "write a time with its unit, as 90s, 15m, 6h, 7d, 2w or 1h30m", ["24h"]),
        {"type": "integer", "minimum": 0, "maximum": 0},
    ]
}
SPAN: Schema = written(_TIME, "write a time with its unit, as 28d", ["28d"])
DAYS: Schema = also(
    written(f"{_NUMERAL}[kKmM]?|{_TIME}", "write days as a number, or a time as 2w"), "number"
)
DAY: Schema = also(written(_DATE, "write a day, as 2026-11-23"), "integer")
PAST_DAY: Schema = also(
    written(
        rf"{_DATE}|{_TIME}\s+ago",
        "write a day as 2026-11-01, or 30d ago",
        ["30d ago", "2026-11-01"],
    ),
    "integer",
)
BASELINE: Schema = written(
    rf"last|{_TIME}\s+ago|(median|mean|min|max)\s+{_TIME}",
    'write "last", a time as "7d ago", or a statistic as "median 14d"',
    ["last", "1d ago", "7d ago", "median 14d", "mean 14d", "min 60d", "max 60d"],
)
FLAG: Schema = {
    "anyOf": [
        {"type": "boolean"},
        written("|".join(_any_case(word) for word in ("true", "false")), "write true or false"),
    ]
}
YES_OR_NO: Schema = written(
    "|".join([*(_any_case(word) for word in ("true", "false", "yes", "no")), "0{0,3}[01]"]),
    "write true or false",
)
SEVERITY: Schema = one_of(
    [one.value for one in Severity],
    ["good to know", "worth a look today", "to be acted on now"],
)
REGION: Schema = one_of(SEEN_REGIONS, more="[A-Za-z]{2}")
EVERY: Schema = written(
    rf"{_TIME}|\S+(\s+\S+){{4}}",
    'write a time as 24h, or a cron line as "0 9 * * mon-fri"',
    ["24h", "12h", "7d", "0 9 * * *", "0 9 * * mon-fri"],
)
TIMEZONE: Schema = TEXT | {
    "examples": ["UTC", "America/New_York", "Europe/Berlin", "Asia/Singapore"]
}
QUIET_HOURS: Schema = written(
    r"[0-9]{1,2}:[0-9]{2}\s*-\s*[0-9]{1,2}:[0-9]{2}",
    'write a time of day from and to, as "22:00-07:00"',
    ["22:00-07:00"],
)
DIGEST: Schema = written(
    r"[0-9]{1,2}:[0-9]{2}|\S+(\s+\S+){4}",
    'write a time of day as "09:00", or a cron line',
    ["09:00", "0 9 * * mon-fri"],
)
NAMES: Schema = {"type": ["array", "string"], "items": TEXT}
URL: Schema = written(
    r"[A-Za-z][A-Za-z0-9+.-]*://[\s\S]*",
    "this is no Apprise URL: it begins with a service, as slack://",
)
URLS: Schema = also(URL, "array", minItems=1, items=URL)
WEB_ADDRESS: Schema = written(
    r"[Hh][Tt][Tt][Pp][Ss]?://[^\s]+", "write an address, as https://example.com"
)
