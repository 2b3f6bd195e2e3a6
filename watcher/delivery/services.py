"""What is particular to one service: its style, its limit, what Apprise's plugin leaves out.

``name`` is the scheme that people know a service by (``slack``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from apprise import NotifyBase, NotifyFormat
from apprise.conversion import convert_between

from watcher.delivery.apprise import private
from watcher.delivery.markup import PICTURES, Bytes, Escaped, Limit, Shown, Style
from watcher.delivery.rendered import LONGEST, Rendered

_STYLES = {
    "slack": Style.MARKDOWN,
    "discord": Style.TITLED,
    "mmost": Style.TITLED,
    "workflow": Style.TEAMS,
    "tgram": Style.TELEGRAM,
    "mailto": Style.EMAIL,
}
# Limits that are not the number of characters that Apprise has for the service.
# ntfy makes a file of more than 4,096 bytes, and Apprise of more than 8,000 in JSON, where an
# emoji takes three times the bytes. A card of Teams has 28 kB, of JSON too; Apprise's own limit
# of 1,000 characters binds only where the URL has it cut messages. Telegram counts what its HTML
# shows. APNs and FCM, behind Bark and its likes, carry 4 kB. A Matrix event has 65 kB, the text in
# it twice.
_LIMITS: Mapping[str, Limit] = {
    "ntfy": Bytes(3_300),
    "workflow": Bytes(9_000),
    "bark": Bytes(3_500),
    "schan": Bytes(32_000),
    "matrix": Bytes(20_000),
    "pushward": Bytes(3_000),
}
# Where the number that Apprise has for it counts bytes at the service: of the text, or of the
# request, which Apprise writes in ASCII. X counts a Chinese character as two.
_IN_BYTES = frozenset(
    "wecombot wechat wxteams threema irc gorush pushy vapid nostr x amqp mqtt".split()
)
_IN_ESCAPED = frozenset("dingtalk feishu lark viber kakaotalk".split())
_TITLES = {"schan": 32}  # characters of a title, where Apprise has more
_LONGEST_LINE = 7_000  # of a request, of the 8 kB that a proxy before ntfy takes by default
_NOTING = ("opsgenie", "jira")
_WITHOUT_PREVIEWS = 4  # Discord's flag SUPPRESS_EMBEDS
_FALLBACK = 300


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture to go with a message, held in memory; ``alt`` says what it shows."""

    name: str
    content: bytes
    mimetype: str = "image/png"
    alt: str = "Chart"


def style_of(plugin: NotifyBase, name: str) -> Style:
    """The family's style; plain where the URL asks for plain text by ``?format=``."""
    style = _STYLES.get(name, Style.PLAIN)
    wanted = private.attribute(plugin, private.ASKED_FORMAT)
    return style if wanted is None or wanted.value == style.body_format else Style.PLAIN


def limit_of(plugin: NotifyBase, name: str, style: Style) -> Limit:
    """How much it takes of title and body together, in the service's own unit."""
    own = _own_limit(plugin, name)
    if name in _LIMITS and plugin.overflow_mode.value == "upstream":
        limit = _LIMITS[name]
    else:
        limit = min(own, _LIMITS.get(name, Limit(LONGEST)))
    limit = type(limit)(limit)  # one of its own
    if style is Style.TELEGRAM and plugin.overflow_mode.value == "upstream":
        limit = Shown(limit)
    source = NotifyFormat(style.body_format)
    target = plugin.resolve_format(source)
    if target is not source or type(plugin).dialect_convert is not NotifyBase.dialect_convert:
        limit.written = partial(_written, plugin, source, target)
    titles = (int(plugin.title_maxlen), _TITLES.get(name, 0))
    limit.title = min([limit.title, *(longest for longest in titles if longest > 0)])
    return limit


def _written(plugin: NotifyBase, source: NotifyFormat, target: NotifyFormat, text: str) -> str:
    """A text as Apprise hands it to the plugin: escaped, in the service's own markup."""
    convert: Callable[..., str] = convert_between
    return str(plugin.dialect_convert(convert(source, target, text), target))


def _own_limit(plugin: NotifyBase, name: str) -> Limit:
    own = int(plugin.body_maxlen) or LONGEST
    if name in _IN_BYTES:
        return Bytes(own)
    return Escaped(own) if name in _IN_ESCAPED else Limit(own)


def takes_pictures(plugin: NotifyBase, name: str) -> bool:
    """Whether files arrive; Slack and Mattermost take them of bots only, not of webhooks."""
    mode = "bot" if name not in ("slack", "mmost") else getattr(plugin, "mode", None)
    return bool(plugin.attachment_support) and mode == "bot"


def prepare(plugin: NotifyBase, url: str, name: str, style: Style) -> None:
    """Set what the URL leaves open to what an alert is best shown with."""
    asked = parse_qs(urlsplit(url).query)
    # No picture of a severity and no "sent by", unless the URL asks for them.
    ornaments = (("image", "include_image"), ("footer", "include_footer"), ("avatar", "avatar"))
    for parameter, attribute in ornaments:
        if hasattr(plugin, attribute) and parameter not in asked:
            setattr(plugin, attribute, False)
    extras: dict[str, Any] = vars(plugin)
    if name == "discord" and "flags" not in asked:
        extras["flags"] = _WITHOUT_PREVIEWS  # of ten shop pages, below a message of ten links
    if name in _NOTING and not any(each == "action" or each[0] == ":" for each in asked):
        extras["action"] = "new"  # by default an info is a note to an incident that there is not
    if style is Style.EMAIL and "inline" not in asked:
        extras["inline"] = True
    if name == "slack":
        private.replace(plugin, private.SLACK_SENDING, _with_fallback)


def with_pictures(
    rendered: Rendered, pictures: Sequence[Attachment], name: str
) -> tuple[Rendered, Sequence[Attachment]]:
    """The message with its pictures where they belong, and those that can go with it."""
    if name == "ntfy" and pictures and _line(rendered) > _LONGEST_LINE:
        return rendered, ()  # Apprise puts the text into the address of the picture's upload
    if PICTURES not in rendered.body:
        return rendered, pictures
    body = rendered.body.replace(PICTURES, "".join(_image(each) for each in pictures), 1)
    return replace(rendered, body=body), pictures


def _line(rendered: Rendered) -> int:
    return len(quote(rendered.title)) + len(quote(rendered.body))


def _image(picture: Attachment) -> str:
    return (
        f'<p style="margin:0 0 12px"><img src="cid:{escape(quote(picture.name))}" '
        f'alt="{escape(picture.alt)}" width="640" '
        'style="display:block;width:100%;max-width:640px;height:auto;border:0;border-radius:8px">'
        "</p>"
    )


def _with_fallback(send: Callable[..., Any]) -> Callable[..., Any]:
    """Slack shows ``fallback`` on a phone's lock screen; Apprise gives none."""

    def sending(url: str, payload: Any, **kwargs: Any) -> Any:
        for each in payload.get("attachments", ()) if isinstance(payload, dict) else ():
            if "fallback" not in each and isinstance(each.get("text"), str):
                text = re.sub(r"<[^|>]*\|([^>]*)>", r"\1", each["text"]).replace("*", "")
                told = " · ".join(line for line in text.splitlines() if line.strip())
                each["fallback"] = f"{each.get('title', '')} · {told}"[:_FALLBACK]
        return send(url, payload, **kwargs)

    return sending
