"""A service's own web address, as its page shows it, into the Apprise URL that it means.

Apprise itself reads the addresses of some services; these are the others, and the forms that it
does not know. Parameters that are no part of an address stand in the URL, too: Apprise knows some.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlencode, urlsplit


class Meant(NamedTuple):
    """The Apprise URL of an address, or else the form of one to write, as ``advice``."""

    url: str = ""
    advice: str = ""


class _Address(NamedTuple):
    """A service's address, by the ``pattern`` of its host and path.

    In ``form``, ``{0}`` is a group of the pattern, ``{token}`` a parameter, ``{host}`` the host
    with its port and ``{s}`` an s of https; what stands in brackets is left out without its
    parameter. ``advice`` is for an address that lacks another, or that means nothing. ``also`` are
    other parameters of the address itself.
    """

    pattern: str
    form: str = ""
    advice: str = ""
    also: str = ""


# What a sample message is written with.
_MESSAGE = frozenset("text title body content desp message msg parse_mode".split())
_PLACE = re.compile(r"{(\w+)}")
_OPTIONAL = re.compile(r"\[([^]]*{(\w+)}[^]]*)\]")


def meant(pasted: str) -> Meant | None:
    """The meaning of a web address; None of one that is no service's."""
    page = _page(pasted)
    if page is None:
        return None
    place = f"{page.hostname}{page.path}"
    for address in _ADDRESSES:
        if match := re.fullmatch(address.pattern, place, re.IGNORECASE):
            asked = parse_qs(page.query, keep_blank_values=True)
            values = {name.lower(): each[0] for name, each in asked.items()}
            return _written(address, _parts(match, page), values)
    return None


def _page(pasted: str) -> SplitResult | None:
    """A web address in its parts; None of another text."""
    try:
        page = urlsplit(pasted.strip())
        page.port  # noqa: B018 - raises, where it is no number
    except ValueError:
        return None
    return page if page.scheme in ("http", "https") and page.hostname else None


def _parts(match: re.Match[str], page: SplitResult) -> dict[str, str]:
    """The parts of a form that stand in an address's host and path."""
    parts = {str(place): unquote(part) for place, part in enumerate(match.groups())}
    host = f"{page.hostname}:{page.port}" if page.port else str(page.hostname)
    return parts | {"host": host, "s": page.scheme[4:]}


def _written(address: _Address, parts: dict[str, str], asked: dict[str, str]) -> Meant:
    for name in {*_PLACE.findall(address.form)} - parts.keys():
        # A chat's name has its @ as it is.
        parts[name] = quote(asked.pop(name, "").strip('"'), safe="@" * (name == "chat_id"))
    url = _filled(address.form, parts)
    if not url:
        return Meant(advice=address.advice)
    no_setting = _MESSAGE.union(address.also.split())
    rest = urlencode({name: each for name, each in asked.items() if name not in no_setting})
    return Meant(f"{url}{'&' if '?' in url else '?'}{rest}" if rest else url)


def _filled(form: str, parts: dict[str, str]) -> str:
    """The form with its parts; empty where one is missing."""
    form = _OPTIONAL.sub(lambda part: part[1] if parts[part[2]] else "", form)
    needed = {*_PLACE.findall(form)} - {"s"}
    return _PLACE.sub(lambda place: parts[place[1]], form) if all(map(parts.get, needed)) else ""


_ADDRESSES = (
    _Address(
        r"oapi\.dingtalk\.com/robot/send/?",
        "dingtalk://[{secret}@]{access_token}",
        "DingTalk's address has an access_token; write dingtalk://ACCESS_TOKEN",
    ),
    _Address(r"open\.feishu\.cn/open-apis/bot/v[12]/hook/([\w-]+)/?", "feishu://{0}"),
    _Address(r"open\.larksuite\.com/open-apis/bot/v[12]/hook/([\w-]+)/?", "lark://{0}"),
    _Address(
        r"api\.telegram\.org/bot([\w:%-]+)(?:/\w*)?/?",
        "tgram://{0}/{chat_id}[?topic={message_thread_id}]",
        "Telegram's address needs the chat, too: write tgram://BOT_TOKEN/CHAT_ID with the token"
        " behind its /bot",
    ),
    _Address(
        r"(?:t|telegram)\.me/.*",
        advice="a link to a chat sends nothing: write tgram://BOT_TOKEN/CHAT_ID, of a bot's token",
    ),
    _Address(
        r"(?:\w+\.)?discord(?:app)?\.com/api(?:/v\d+)?/webhooks/(\d+)/([\w-]+)(?:/slack|/github)?/?",
        "discord://{0}/{1}[?thread={thread_id}]",
        also="wait",  # for an answer, which Apprise means by no parameter of that name
    ),
    _Address(
        r"[\w.-]+\.webhook\.office\.com/.*|outlook\.office(?:365)?\.com/webhook.*",
        advice="Microsoft has ended these connectors of Teams: make a webhook with Workflows, and"
        " write its address",
    ),
    _Address(
        r"qyapi\.weixin\.qq\.com/cgi-bin/webhook/send/?",
        "wecombot://{key}",
        "WeCom's address lacks its key; write wecombot://KEY",
    ),
    _Address(r"sctapi\.ftqq\.com/(SCT\w+)\.send/?", "schan://{0}"),
    _Address(r"(?:\d+)\.push\.ft07\.com/send/(sctp\w+)\.send/?", "schan://{0}"),
    _Address(
        r"(?:www\.)?pushplus\.plus/send/?",
        "pushplus://{token}",
        "PushPlus's address lacks its token; write pushplus://TOKEN",
    ),
    _Address(r"(?:www\.)?pushplus\.plus/send/(\w{32})/?", "pushplus://{0}"),
    _Address(
        r"api\d?\.pushdeer\.com/message/push/?",
        "pushdeer://{pushkey}",
        "PushDeer's address lacks its pushkey; write pushdeer://PUSHKEY",
    ),
    _Address(r"api\.day\.app/([\w-]{10,})(?:/.*)?", "barks://api.day.app/{0}"),
    _Address(r"qmsg\.zendee\.cn/(?:j?send|group)/(\w+)/?", "qq://{0}"),
    _Address(r"push\.spug\.(?:dev|cc)/send/([\w-]+)/?", "spugpush://{0}"),
    _Address(r"ntfy\.sh/([\w-]+)(?:/(?:publish|send|trigger|json))?/?", "ntfys://ntfy.sh/{0}"),
    _Address(r"ntfy\.[\w.-]+/([\w-]+)/?", "ntfy{s}://{host}/{0}"),
    _Address(
        r"[\w.-]+/message/?",
        "gotify{s}://{host}/{token}",
        "Gotify's address lacks its token; write gotifys://HOST/TOKEN",
    ),
    _Address(r"[\w.-]+/hooks/([a-z0-9]{26})/?", "mmost{s}://{host}/{0}"),
    _Address(r"[\w.-]+/hooks/([A-Za-z0-9]{17,24})/([A-Za-z0-9]+)/?", "rocket{s}://{0}/{1}@{host}"),
    _Address(
        r"[\w.-]+/webapi/entry\.cgi/?",
        "synology{s}://{host}/{token}",
        "Synology Chat's address lacks its token; write synologys://HOST/TOKEN",
        "api method version",
    ),
)
