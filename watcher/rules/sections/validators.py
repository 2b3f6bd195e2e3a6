"""Single values of the rule file, as people write them; ``Wrong`` says what does not fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from watcher.language import Language
from watcher.model import Severity
from watcher.quiet import parse_days, parse_quiet
from watcher.rules.files.slips import around_key, around_url
from watcher.schedule import parse_at_most, parse_digest
from watcher.subjects import BY
from watcher.units import parse_duration, parse_number
from watcher.words import Wrong, did_you_mean, either, is_number, kind, nearest, quoted

GROUP_BY = "rule"  # of a channel
PAYLOAD = "json"  # of a channel
LONGEST_NAME = 100
MOST_ROWS = 100  # of a part of a report
_GROUPED = {
    **dict.fromkeys(("seller", "shop", "sellers", "store", "shop_id", "brand"), "seller_id"),
    **dict.fromkeys(("category", "categories", "category_l1_id"), "category_id"),
    **dict.fromkeys(("category_l2", "subcategory"), "category_l2_id"),
    "category_l3": "category_l3_id",
    **dict.fromkeys(("list", "watches", "region", "all", "none"), "watch"),
}
_SCHEME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.\-]*://", re.ASCII)
_HOST = re.compile(
    r"(?=.{4,253}$)([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*", re.ASCII
)
_PAGE_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]+)?")
_PAGE_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")
_AGO = re.compile(r"\s+ago", re.ASCII | re.IGNORECASE)
_BARE_NAME = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)


def duration(value: object) -> int:
    """Seconds of ``24h``; a bare 0 needs no unit."""
    if isinstance(value, str):
        return parse_duration(value)
    if not is_number(value):
        raise Wrong(f"takes a time like 24h, not {kind(value)}")
    if value == 0:
        return 0
    shown = f"{value:g}" if abs(value) < 1e6 else "24"
    raise Wrong(f"{value:g} needs a unit: write it like {shown}h, {shown}d or 1h30m")


def number(value: object) -> float:
    """A number; also as text, for it may have been filled in."""
    if isinstance(value, str):
        if value.strip().endswith("%"):
            raise Wrong(f"takes a number, not the percentage {quoted(value.strip())}")
        return parse_number(value)
    if not is_number(value):
        raise Wrong(f"takes a number, not {kind(value)}")
    return value


def whole(value: object) -> int:
    """A whole number."""
    amount = float(number(value))
    if not amount.is_integer():
        raise Wrong(f"takes a whole number, not {kind(value)}")
    return int(amount)


def flag(value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise Wrong(f"takes true or false, not {kind(value)}")


def severity(value: object) -> Severity:
    """A severity by name."""
    names = [one.value for one in Severity]
    value = _a_text(value, either(names))
    try:
        return Severity(value.strip().lower())
    except ValueError:
        hint = nearest(value, names, 1)
        raise Wrong(f"{quoted(value)} is no severity{hint or f': it is {either(names)}'}") from None


# What people write for a language, beside its name and those of its regions (zh-CN).
_LANGUAGES = {
    Language.ENGLISH: {"english", "eng"},
    Language.CHINESE: {
        "chinese",
        "cn",
        "mandarin",
        "zho",
        "chi",
        "simplified chinese",
        "\u4e2d\u6587",
    },
}


def language(value: object) -> Language:
    """A language by name."""
    names = [one.value for one in Language]
    value = _a_text(value, either(names))
    try:
        return Language(value.strip().lower())
    except ValueError:
        hint = nearest_language(value) or f": it is {either(names)}"
        raise Wrong(f"{quoted(value)} is no language that is spoken here{hint}") from None


def nearest_language(value: str) -> str:
    """``, did you mean "zh"?`` of a name that people write in its place, or of one that is near."""
    spoken = value.strip().lower().replace("_", "-")
    for one in Language:
        if spoken.partition("-")[0] == one.value or spoken in _LANGUAGES[one]:
            return did_you_mean([one.value])
    return nearest(value, [one.value for one in Language], 1)


def severity_or_grades(value: object) -> object:
    """A severity by name, or conditions for each: these are read where metrics are known."""
    return value if isinstance(value, Mapping) else severity(value)


def urls(value: object) -> list[object]:
    """One Apprise URL or a list of them."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list) or not value:
        what = "an empty list" if value == [] else kind(value)
        raise Wrong(f"takes an Apprise URL or a list of them, not {what}")
    return value


def url(value: object) -> str:
    """An Apprise URL, as far as that can be told here. It is a secret: no message shows it."""
    if not isinstance(value, str):
        raise Wrong("must be an Apprise URL, as a text")
    if _BARE_NAME.fullmatch(value.strip()):
        raise Wrong("a variable is written with braces, as ${NAME}")
    if wrong := around_url(value):
        raise Wrong(f"this URL {wrong}")
    if not _SCHEME.match(value.strip()):
        raise Wrong("this is no Apprise URL: it begins with a service, as tgram://")
    return value.strip()


def timezone(value: object) -> str:
    """The name of a time zone."""
    value = _a_text(value, "a time zone as Europe/Berlin")
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Wrong(f"{quoted(value)} is no time zone: write it like Europe/Berlin") from None
    return value


def grouped_by(value: object) -> str:
    """A way to group products, by its name."""
    name = _a_text(value, either([*BY])).strip()
    if name in BY:
        return name
    folded = name.casefold().replace(" ", "_").replace("-", "_")
    better = _GROUPED.get(folded)
    hint = did_you_mean([better]) if better else nearest(name, BY, 1)
    raise Wrong(f"products are not grouped by {quoted(name)}{hint or f': it is {either([*BY])}'}")


def api_url(value: object) -> str:
    """The API's address without a slash at its end; ``ValueError`` says what is wrong."""
    text = _a_text(value, "an address").strip().rstrip("/")
    if not _is_web_address(text) or "?" in text:
        raise Wrong("is no address: write it like https://api.keyapi.ai")
    return text


def hosts(value: object) -> tuple[str, ...]:
    """Names of hosts in small letters; ``ValueError`` says which is none."""
    return tuple(map(_host, value if isinstance(value, list) else [value]))


def _host(value: object) -> str:
    if not isinstance(value, str) or not _HOST.fullmatch(value):
        shown = quoted(value) if isinstance(value, str) else kind(value)
        raise Wrong(f"has {shown}, which is no host's name: write it as img.example.com")
    return value.casefold()


def page(value: object) -> str:
    """The address of the page that messages lead to, without a slash at its end; empty where it is
    switched off. ``ValueError`` says what is wrong."""
    if value is None or value is False or (isinstance(value, str) and value.lower() == "off"):
        return ""
    example = "write it as a browser shows it, like https://watcher.example.org/path, or off"
    if not isinstance(value, str) or not _is_web_address(text := value.strip()):
        raise Wrong(f"is no address: {example}")
    parts = urlsplit(text)
    if "@" in parts.netloc:
        raise Wrong(f"names a user or a password, which every message would tell: {example}")
    if "?" in text or "#" in text:
        raise Wrong(f"has a query or a fragment, where the link is put: {example}")
    if not _PAGE_PATH.fullmatch(parts.path) or not _PAGE_HOST.fullmatch(parts.netloc):
        raise Wrong(f"holds what has no place in a page's address: {example}")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def heartbeat(value: object) -> str:
    """The address of a service that hears of good rounds. It is a secret: no message shows it."""
    if isinstance(value, str) and (wrong := around_url(value)):
        raise Wrong(f"the address {wrong}")
    if not isinstance(value, str) or not _is_web_address(value.strip()):
        raise Wrong("takes an address, as https://hc-ping.com/...")
    return value.strip()


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return usable and text.isascii() and text.split() == [text]


def api_key(value: object) -> str:
    """The key; ``ValueError`` says what is wrong without showing any of it."""
    if not isinstance(value, str):
        raise Wrong("must be text: put the key in quotes")
    text = value.strip()
    if not text:
        raise Wrong("is empty")
    if _BARE_NAME.fullmatch(text):
        raise Wrong("a variable is written with braces, as ${KEYAPI_KEY}")
    if wrong := around_key(text):
        raise Wrong(wrong)
    return text


def quiet_hours(value: object) -> str:
    """``22:00-07:00``."""
    if not isinstance(value, str):
        raise Wrong('takes a time of day from and to, as "22:00-07:00"')
    parse_quiet(value, days=())  # whether it is all day is seen with its days
    return value.strip()


def quiet_days(value: object) -> frozenset[int]:
    """``[sat, sun]``, ``mon-fri``."""
    items = value if isinstance(value, list) else [value]
    texts = [each for each in items if isinstance(each, str)]
    if not items or len(texts) < len(items):
        raise Wrong(f"takes days of the week, as [sat, sun] or mon-fri, not {kind(value)}")
    return parse_days(",".join(texts))


def digest(value: object) -> str:
    """A time of day, or a cron line."""
    if not isinstance(value, str):
        raise Wrong('takes a time of day as "09:00", or a cron line')
    parse_digest(value)
    return value.strip()


def ago(value: object) -> int:
    """Seconds of ``7d ago``, or of ``7d``."""
    if not isinstance(value, str):
        raise Wrong(f"takes a time like 7d ago, not {kind(value)}")
    return parse_duration(_AGO.sub("", value.strip()))


def rows(value: object) -> int | None:
    """The rows of a part of a report: a number, true for the usual ones, false for none."""
    if isinstance(value, bool):
        return None if value else 0
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return rows(flag(value))
    count = whole(value)
    if not 0 <= count <= MOST_ROWS:
        raise Wrong(f"takes rows from 0 to {MOST_ROWS}, or true or false, not {kind(value)}")
    return count


def at_most(value: object) -> int:
    """The number of ``10 a day``."""
    if not isinstance(value, str):
        raise Wrong(f'takes a number of messages a day, as "10 a day", not {kind(value)}')
    return parse_at_most(value)


def message_by(value: object) -> str:
    """The only word that there is."""
    if not isinstance(value, str) or value.strip().lower() != GROUP_BY:
        said = quoted(value) if isinstance(value, str) else kind(value)
        raise Wrong(f'takes "{GROUP_BY}", not {said}: without it one message tells of all rules')
    return GROUP_BY


def payload(value: object) -> str:
    """The only word that there is."""
    if not isinstance(value, str) or value.strip().lower() != PAYLOAD:
        said = quoted(value) if isinstance(value, str) else kind(value)
        raise Wrong(f'takes "{PAYLOAD}", not {said}: without it a channel is told in words')
    return PAYLOAD


def name(value: object) -> str:
    """A name: short, on one line."""
    short = text(value).strip()
    if not is_short(short):
        raise Wrong(f"takes a text of 1 to {LONGEST_NAME} characters on one line")
    return short


def is_short(name: str) -> bool:
    """Whether a text fits as a name."""
    return bool(name.strip()) and len(name) <= LONGEST_NAME and name.isprintable()


def text(value: object) -> str:
    """A text; a number must be in quotes to be one."""
    return _a_text(value, "a text", ": put it in quotes")


def _a_text(value: object, what: str, hint: str = "") -> str:
    if not isinstance(value, str):
        raise Wrong(f"takes {what}, not {kind(value)}{hint}")
    return value


def region(value: object) -> str:
    """A market's code, in capitals."""
    if not isinstance(value, str) or not re.fullmatch("[A-Za-z]{2}", value.strip()):
        raise Wrong(f"takes a market's code of two letters, as US, not {kind(value)}")
    return value.strip().upper()


CODES = tuple(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD
    CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP
    GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD
    KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN
    NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP
    SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES
    VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """.split()
)
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "฿": "THB", "₫": "VND", "RP": "IDR"}
_OTHERS = {"RMB": "CNY", "CNH": "CNY", "EURO": "EUR", "US": "USD", "DOLLAR": "USD", "NTD": "TWD"}


def currency(value: object) -> str:
    """A currency's code, in capitals."""
    value = _a_text(value, "the code of a currency, as USD")
    code = value.strip().upper()
    if code in CODES:
        return code
    meant = _SIGNS.get(code) or _OTHERS.get(code)
    hint = f', did you mean "{meant}"?' if meant else nearest(code, CODES, 1)
    raise Wrong(f"{quoted(value)} is no currency{hint or ': write its code of ISO 4217, as USD'}")
