"""JSON Schemas of single values as people write them; ``${NAME}`` may stand for each of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from watcher.language import Language
from watcher.model import Severity
from watcher.rules.metrics import Attribute, Metric
from watcher.rules.sections.validators import CODES
from watcher.source.endpoints import REGIONS
from watcher.subjects import BY
from watcher.words import either

Schema: TypeAlias = dict[str, Any]

_FILLED_IN = r"\$\{"
_NUMERAL = r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
_POSITIVE = r"[+]?(?=[0-9.]*[1-9])([0-9]+(\.[0-9]*)?|\.[0-9]+)"
_TIME = r"[0-9]{1,12}[smhdw]([0-9]{1,12}[smhdw])?"
_DATE = r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}"


def written(
    pattern: str, say: str, offered: Iterable[object] = (), *types: str, **limits: object
) -> Schema:
    """A text of a pattern, or one to be filled in, or (within the ``limits``) one of other
    ``types``; ``say`` is shown where it is none of these."""
    fits = {"pattern": rf"^\s*({pattern})\s*$|{_FILLED_IN}", "patternErrorMessage": say}
    schema = {"type": "string", **fits, "errorMessage": say} | offer(offered)
    return also(schema, *types, **limits) if types else schema


def offer(values: Iterable[object]) -> Schema:
    """Values that an editor offers; not as ``examples``, which it would show at length as well."""
    snippets = [{"label": str(value), "body": value} for value in values]
    return {"defaultSnippets": snippets} if snippets else {}


def snippet(label: str, body: object) -> Schema:
    """A beginning that an editor offers."""
    return {"defaultSnippets": [{"label": label, "description": label, "body": body}]}


def also(schema: Schema, *types: str, **limits: object) -> Schema:
    """The schema for values of other types too, within the limits of those."""
    known = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return schema | {"type": [*known, *types]} | limits


def one_of(words: Iterable[str], meanings: Iterable[str] = (), *, more: str = "") -> Schema:
    """Words that are offered as they are, with their ``meanings``, and accepted in any case;
    ``more`` is a pattern beside."""
    offered, said = list(words), list(meanings)
    pattern = any_case(offered, *([more] if more else []))
    enum: Schema = {"enum": offered} | ({"enumDescriptions": said} if said else {})
    return {"anyOf": [enum, written(pattern, f"write {either(offered)}")]}


def known(rows: Iterable[Metric | Attribute]) -> Schema:
    """The names of metrics or texts, with their meanings."""
    found = [*rows]
    names, meanings = [one.name for one in found], [one.meaning for one in found]
    return {"enum": names, "enumDescriptions": meanings}


def flag(names: Mapping[str, int]) -> Schema:
    """A flag's value by name, or by number."""
    numbers = {"type": "integer", "minimum": 0, "maximum": max(names.values())}
    return {"anyOf": [*one_of(names, more=f"0{{0,3}}[0-{max(names.values())}]")["anyOf"], numbers]}


def bare_flag(names: Mapping[str, int]) -> Schema:
    """A flag's value without alternatives, for a place that takes more than the value."""
    most = max(names.values())
    words = written(any_case(names, f"0{{0,3}}[0-{most}]"), f"write {either(list(names))}")
    return also(words, "integer", minimum=0, maximum=most, examples=list(names))


def any_case(words: Iterable[str], *more: str) -> str:
    """The pattern of some words, whatever their capitals, or of ``more`` patterns."""
    letter = re.compile("[a-z]", re.IGNORECASE)
    either_case = (
        letter.sub(lambda found: f"[{found[0].upper()}{found[0].lower()}]", word) for word in words
    )
    return "|".join([*either_case, *more])


METRIC_NAME = "[A-Za-z_][A-Za-z0-9_]*"


def or_metric(schema: Schema) -> Schema:
    """The schema of a number, or a metric's name in its place."""
    return schema | {"pattern": rf"{schema['pattern']}|^\s*({METRIC_NAME})\s*$"}


TEXT: Schema = {"type": "string"}
KEY: Schema = TEXT | {"pattern": r"^\s*[!-~]+\s*$|\$\{", "patternErrorMessage": "write the key"}
TEMPLATE: Schema = TEXT | {"pattern": r"\S", "patternErrorMessage": "write a Jinja2 template"}
ID: Schema = {"type": ["string", "integer"]}
NUMBER = written(
    f"{_NUMERAL}[kKmM%]?", "write a number, as 12, 0.5, 10k, 1.5m or 10%", (), "number"
)
AMOUNT = written(f"{_NUMERAL}[kKmM]?", "write a number, as 12, 0.5, 10k or 1.5m", (), "number")
CHANGE = written(
    f"{_POSITIVE}[kKmM%]?",
    "write how much, above 0, as 100 or 30%",
    ["10%", "30%", "50%"],
    "number",
    exclusiveMinimum=0,
)
FLOOR = written(
    f"{_POSITIVE}[kKmM]?", "write the least move, above 0, as 500", (), "number", exclusiveMinimum=0
)
SCORE = written(
    f"{_POSITIVE}[kKmM]?",
    "write how many standard deviations, as 3",
    [3, 4, 5],
    "number",
    exclusiveMinimum=0,
)
PLACES = written(
    r"[+]?0*[1-9][0-9]*(\.[0-9]*)?[kKmM]?",
    "write how many places, as 10",
    [10, 20, 50],
    "integer",
    minimum=1,
)
WHOLE = written(f"{_NUMERAL}[kKmM]?", "write a whole number, as 100 or 10k", (), "integer")
_SAY_TIME = "write a time with its unit, as 90s, 15m, 6h, 7d, 2w or 1h30m"
DURATION = written(_TIME, _SAY_TIME, ["24h", "3d", "7d"], "integer") | {
    # Not as an alternative: an editor would speak of 0 to who has only left out the unit.
    "if": {"type": "integer"},
    "then": {"const": 0, "errorMessage": _SAY_TIME},
}
SPAN = written(_TIME, "write a time with its unit, as 28d", ["28d"])
TIME_BACK = written(_TIME, "write a time with its unit, as 60d", ["30d", "60d", "90d"])
RECORD = written(
    f"{_TIME}|{_POSITIVE}%",
    "write a time, as 60d, or a part of the peers, as 5%",
    ["60d", "90d", "5%"],
    "number",
    exclusiveMinimum=0,
    exclusiveMaximum=1,
)
DAYS = written(
    f"{_NUMERAL}[kKmM]?|{_TIME}", "write days as a number, or a time as 2w", (), "number"
)
_DAYS = {"minimum": 1970_01_01, "maximum": 9999_12_31}
DAY = written(_DATE, "write a day, as 2026-11-23", (), "integer", **_DAYS)
_PAST = ("30d ago", "2026-11-01")
PAST_DAY = written(
    rf"{_DATE}|{_TIME}\s+ago", "write a day as 2026-11-01, or 30d ago", _PAST, "integer", **_DAYS
)
BASELINE = written(
    rf"last|{_TIME}\s+ago|(median|mean|min|max)\s+{_TIME}",
    'write "last", a time as "7d ago", or a statistic as "median 14d"',
    ["last", "1d ago", "7d ago", "median 14d", "mean 14d", "min 60d", "max 60d"],
)
_SAY_FLAG = "write true or false"
FLAG = written(any_case(["true", "false"]), _SAY_FLAG, (), "boolean")
_YES_OR_NO = any_case(["true", "false", "yes", "no"], "0{0,3}[01]")
YES_OR_NO = written(_YES_OR_NO, _SAY_FLAG, (), "boolean", "integer", minimum=0, maximum=1)
SEVERITY = one_of(
    [one.value for one in Severity],
    ["good to know", "worth a look today", "to be acted on now"],
)
LANGUAGE = one_of([one.value for one in Language], ["English", "Simplified Chinese"])
_SEVERITIES = [one.value for one in Severity]
# The conditions of each are filled in where they are defined.
SEVERITY_OR_GRADES = also(
    written(any_case(_SEVERITIES), f"write {either(_SEVERITIES)}", _SEVERITIES), "object"
)
CURRENCY = one_of(CODES) | {"errorMessage": "write the code of a currency, as USD"}
REGION = one_of(REGIONS, more="[A-Za-z]{2}")
EVERY = written(
    rf"{_TIME}|\s*[rR][eE][fF][rR][eE][sS][hH]\s*|\S+(\s+\S+){{4}}",
    'write a time as 24h, a cron line as "0 9 * * mon-fri", or refresh',
    ["24h", "refresh", "12h", "7d", "0 9 * * *", "0 9 * * mon-fri"],
)
TIMEZONE: Schema = TEXT | offer(["UTC", "America/New_York", "Europe/Berlin", "Asia/Singapore"])
GROUPED_BY = one_of(BY, (f"the {each.many} of the list" for each in BY.values()))
QUIET_HOURS = written(
    r"[0-9]{1,2}:[0-9]{2}\s*-\s*[0-9]{1,2}:[0-9]{2}",
    'write a time of day from and to, as "22:00-07:00"',
    ["22:00-07:00"],
)
_DAY = (
    r"([mM][oO][nN]|[tT][uU][eE]|[wW][eE][dD]|[tT][hH][uU]|[fF][rR][iI]|[sS][aA][tT]|[sS][uU][nN])"
)
_DAYS_OF_WEEK = rf"{_DAY}[a-zA-Z]*(\s*-\s*{_DAY}[a-zA-Z]*)?"
QUIET_DAYS: Schema = written(
    rf"{_DAYS_OF_WEEK}([\s,]+{_DAYS_OF_WEEK})*",
    "write days of the week, as [sat, sun] or mon-fri",
    ["mon-fri", "sat-sun"],
    "array",
    minItems=1,
    items={"type": "string"},
)
DIGEST = written(
    r"[0-9]{1,2}:[0-9]{2}|\S+(\s+\S+){4}",
    'write a time of day as "09:00", or a cron line',
    ["09:00", "0 9 * * mon-fri"],
)
AGO = written(
    r"\s*[0-9]+[smhdw]([0-9]+[smhdw])?(\s+[aA][gG][oO])?\s*",
    'write how long before, as "7d ago"',
    ["1d ago", "7d ago", "30d ago"],
)
ROWS: Schema = {"type": ["integer", "boolean", "string"], "minimum": 0, "maximum": 100}
AT_MOST = written(
    r"[0-9]{1,4}\s+[aA]\s+[dD][aA][yY]",
    'write a number of messages a day, as "10 a day"',
    ["5 a day", "10 a day", "20 a day"],
)
GROUP_BY = one_of(["rule"], ["a message for each rule and scan"])
PAYLOAD = one_of(["json"], ["a JSON document, as docs/payload.md has it"])
METRIC = written(METRIC_NAME, "write the name of a metric, as target")
_GROUPED_BY = ["watch", "category_id", "category_l2_id", "category_l3_id", "seller_id"]
GROUPING = written(
    r"\S.*", "write what products have in common, as category_l3_id, or watch", _GROUPED_BY
)
# A part of it, where "of" stands beside.
LIMIT: Schema = {"type": ["string", "number", "boolean"]}
VALUE_FILE: Schema = {
    "properties": {
        "file": TEXT | {"description": "a text file beside this one, with a value a line"}
    },
    "required": ["file"],
    "additionalProperties": False,
}
NAMES: Schema = {"type": ["array", "string"], "items": TEXT}
RULE_NAMES: Schema = NAMES | {"minItems": 1}
CATEGORY = written(
    r".*\S.*",
    'write its name, as "Beauty & Personal Care", or the digits of its id',
    (),
    "integer",
    minimum=0,
)
_PAGE_OR_ID = r"[0-9]{10,24}|(https?:|HTTPS?:)?(//)?[^\s/]+\.[A-Za-z]{2,}[^\s]*"
# A name of one's own has more than digits, and may have anything else.
SELLER = written(
    rf"{_PAGE_OR_ID}|[^/]*[^\s0-9/,.+-][^/]*",
    "write the seller's id, as \"7495981769829615944\", the address of its store's page, or its "
    "name in sellers:",
    (),
    "integer",
    minimum=10**9,
)
PRODUCT = written(
    _PAGE_OR_ID,
    'write a product\'s id, as "1729873073559015752", or the address of its page',
    (),
    "integer",
    minimum=10**9,
)
URL = written(
    r"[A-Za-z0-9][A-Za-z0-9+.-]*://[\s\S]*",
    "this is no Apprise URL: it begins with a service, as slack://",
)
URLS: Schema = {"anyOf": [URL, {"type": "array", "minItems": 1, "items": URL}]}
_HOST = written(
    r"([A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]*", "write a host's name, as img.example.com"
)
HOSTS: Schema = {"anyOf": [_HOST, {"type": "array", "items": _HOST}]}
PAGE: Schema = {
    "anyOf": [
        written(
            r"[Oo][Ff][Ff]|[Hh][Tt][Tt][Pp][Ss]?://[^\s?#@]+",
            "write the page's address as a browser shows it, as https://watcher.example.org, "
            "or off",
            ["https://watcher.example.org", "off"],
        ),
        {"type": "null"},
        {"const": False},
    ]
}
WEB_ADDRESS = written(r"[Hh][Tt][Tt][Pp][Ss]?://[^\s]+", "write an address, as https://example.com")
