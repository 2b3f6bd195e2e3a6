"""A service's own web address, as its page shows it, into the Apprise URL that it means.

Apprise itself reads the addresses of some services; these are the others, and the forms that it
does not know. What an address lacks (Telegram's has no chat) is told, with the URL to write.
Parameters that are no part of it stand in the URL, too: some of them Apprise knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit


@dataclass(frozen=True, slots=True)
class Meant:
    """The Apprise URL of an address, or else the form of one to write, as ``advice``."""

    url: str = ""
    advice: str = ""


# What a sample message is written with.
_MESSAGE = frozenset(
    {"text", "title", "body", "content", "desp", "message", "msg", "parse_mode"}
)  # fmt: skip
# Takes out of the parameters those that it reads.
_Found = Callable[[re.Match[str], MutableMapping[str, str]], Meant]


def meant(address: str) -> Meant | None:
    """What a web address means; None of one that is no service's."""
    address = address.strip()
    try:
        split = urlsplit(address)
        host = (split.hostname or "").lower()
    except ValueError:
        return None
    if split.scheme.lower() not in ("http", "https") or not host:
        return None
    where = f"{host}{split.path}"
    given = parse_qs(split.query, keep_blank_values=True)
    asked = {name.lower(): values[0] for name, values in given.items()}
    port = f":{split.port}" if split.port else ""
    secure = "s" if split.scheme.lower() == "https" else ""
    asked |= {"/host": f"{host}{port}", "/s": secure}
    for pattern, write in _ADDRESSES:
        match = re.fullmatch(pattern, where, re.IGNORECASE)
        if match is not None:
            return _with_the_rest(write(match, asked), asked)
    return None


def _with_the_rest(found: Meant, asked: Mapping[str, str]) -> Meant:
    rest = {
        name: value
        for name, value in asked.items()
        if not name.startswith("/") and name not in _MESSAGE
    }
    if not rest or not found.url:
        return found
    return replace(found, url=f"{found.url}{'&' if '?' in found.url else '?'}{urlencode(rest)}")


def _safe(text: str) -> str:
    return quote(text, safe="")


def _dingtalk(_match: re.Match[str], asked: MutableMapping[str, str]) -> Meant:
    token, secret = asked.pop("access_token", ""), asked.pop("secret", "")
    if not token:
        return Meant(advice="DingTalk's address has an access_token; write dingtalk://ACCESS_TOKEN")
    return Meant(f"dingtalk://{_safe(secret) + '@' if secret else ''}{_safe(token)}")


def _telegram(match: re.Match[str], asked: MutableMapping[str, str]) -> Meant:
    chat, thread = asked.pop("chat_id", ""), asked.pop("message_thread_id", "")
    if not chat:
        return Meant(
            advice="Telegram's address needs the chat, too: write tgram://BOT_TOKEN/CHAT_ID with"
            " the token behind its /bot"
        )
    topic = f"?topic={_safe(thread)}" if thread else ""
    return Meant(f"tgram://{unquote(match[1])}/{quote(chat, safe='@-')}{topic}")


def _discord(match: re.Match[str], asked: MutableMapping[str, str]) -> Meant:
    thread = asked.pop("thread_id", "")
    asked.pop("wait", "")  # for an answer, which Apprise means by no parameter of that name
    query = f"?thread={_safe(thread)}" if thread else ""
    return Meant(f"discord://{match[1]}/{match[2]}{query}")


def _by_query(form: str, name: str, service: str, *also: str) -> _Found:
    """``also`` are other parameters of the address itself."""

    def write(_match: re.Match[str], asked: MutableMapping[str, str]) -> Meant:
        for each in also:
            asked.pop(each, "")
        value = asked.pop(name.lower(), "").strip('"')
        if not value:
            example = _filled(form, {"/host": "HOST", "/s": "s"}).format(name.upper())
            return Meant(advice=f"{service}'s address lacks its {name}; write {example}")
        return Meant(_filled(form, asked).format(_safe(value)))

    return write


def _by_path(form: str) -> _Found:
    def write(match: re.Match[str], asked: MutableMapping[str, str]) -> Meant:
        return Meant(_filled(form, asked).format(*match.groups()))

    return write


def _filled(form: str, asked: Mapping[str, str]) -> str:
    return form.replace("/HOST", asked["/host"]).replace("/S", asked["/s"])


def _says(advice: str) -> _Found:
    return lambda _match, _asked: Meant(advice=advice)


# By host and path; ``/HOST`` is the address's own with its port, ``/S`` an s of https.
_ADDRESSES: tuple[tuple[str, _Found], ...] = (
    (r"oapi\.dingtalk\.com/robot/send/?", _dingtalk),
    (r"open\.feishu\.cn/open-apis/bot/v[12]/hook/([\w-]+)/?", _by_path("feishu://{0}")),
    (r"open\.larksuite\.com/open-apis/bot/v[12]/hook/([\w-]+)/?", _by_path("lark://{0}")),
    (r"api\.telegram\.org/bot([\w:%-]+)(?:/\w*)?/?", _telegram),
    (
        r"(?:t|telegram)\.me/.*",
        _says("a link to a chat sends nothing: write tgram://BOT_TOKEN/CHAT_ID, of a bot's token"),
    ),
    (
        r"(?:\w+\.)?discord(?:app)?\.com/api(?:/v\d+)?/webhooks/(\d+)/([\w-]+)(?:/slack|/github)?/?",
        _discord,
    ),
    (
        r"[\w.-]+\.webhook\.office\.com/.*|outlook\.office(?:365)?\.com/webhook.*",
        _says(
            "Microsoft has ended these connectors of Teams: make a webhook with Workflows, and"
            " write its address"
        ),
    ),
    (r"qyapi\.weixin\.qq\.com/cgi-bin/webhook/send/?", _by_query("wecombot://{}", "key", "WeCom")),
    (r"sctapi\.ftqq\.com/(SCT\w+)\.send/?", _by_path("schan://{0}")),
    (r"(?:\d+)\.push\.ft07\.com/send/(sctp\w+)\.send/?", _by_path("schan://{0}")),
    (r"(?:www\.)?pushplus\.plus/send/?", _by_query("pushplus://{}", "token", "PushPlus")),
    (r"(?:www\.)?pushplus\.plus/send/(\w{32})/?", _by_path("pushplus://{0}")),
    (r"api\d?\.pushdeer\.com/message/push/?", _by_query("pushdeer://{}", "pushkey", "PushDeer")),
    (r"api\.day\.app/([\w-]{10,})(?:/.*)?", _by_path("barks://api.day.app/{0}")),
    (r"qmsg\.zendee\.cn/(?:j?send|group)/(\w+)/?", _by_path("qq://{0}")),
    (r"push\.spug\.(?:dev|cc)/send/([\w-]+)/?", _by_path("spugpush://{0}")),
    (r"ntfy\.sh/([\w-]+)(?:/(?:publish|send|trigger|json))?/?", _by_path("ntfys://ntfy.sh/{0}")),
    (r"ntfy\.[\w.-]+/([\w-]+)/?", _by_path("ntfy/S:///HOST/{0}")),
    (r"[\w.-]+/message/?", _by_query("gotify/S:///HOST/{}", "token", "Gotify")),
    (r"[\w.-]+/hooks/([a-z0-9]{26})/?", _by_path("mmost/S:///HOST/{0}")),
    (r"[\w.-]+/hooks/([A-Za-z0-9]{17,24})/([A-Za-z0-9]+)/?", _by_path("rocket/S://{0}/{1}@/HOST")),
    (
        r"[\w.-]+/webapi/entry\.cgi/?",
        _by_query("synology/S:///HOST/{}", "token", "Synology Chat", "api", "method", "version"),
    ),
)  # fmt: skip
