"""A service's plugin of Apprise, made to send an alert as the service shows it best."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from apprise import NotifyBase, NotifyFormat

from watcher.delivery.apprise import private
from watcher.delivery.rendered import LONGEST, PICTURES, Attachment, Limit, Rendered, Shown, Style
from watcher.delivery.services import ServiceProfile

_LONGEST_LINE = 7_000  # of a request, of the 8 kB that a proxy before ntfy takes by default
_FALLBACK = 300


def style_of(plugin: NotifyBase, profile: ServiceProfile) -> Style:
    """The family's style; plain where the URL asks for plain text by ``?format=``."""
    wanted = private.attribute(plugin, private.ASKED_FORMAT)
    is_usual = wanted is None or wanted.value == profile.style.body_format
    return profile.style if is_usual else Style.PLAIN


def limit_of(plugin: NotifyBase, profile: ServiceProfile, style: Style) -> Limit:
    """The most that it takes of title and body together, in the service's own unit."""
    leaves_cutting = plugin.overflow_mode.value == "upstream"
    limit = profile.limit or Limit(LONGEST)
    if profile.limit is None or not leaves_cutting:
        limit = min(profile.unit(int(plugin.body_maxlen) or LONGEST), limit)
    unit = Shown if style is Style.TELEGRAM and leaves_cutting else type(limit)
    limit = unit(limit)  # one of its own
    source = NotifyFormat(style.body_format)
    target = plugin.resolve_format(source)
    if target is not source or type(plugin).dialect_convert is not NotifyBase.dialect_convert:
        limit.written = partial(_written, plugin, source, target)
    titles = (int(plugin.title_maxlen), profile.title)
    limit.title = min([limit.title, *(longest for longest in titles if longest > 0)])
    return limit


def _written(plugin: NotifyBase, source: NotifyFormat, target: NotifyFormat, text: str) -> str:
    """A text as Apprise hands it to the plugin: escaped, in the service's own markup."""
    convert = private.part(private.CONVERSION)
    converted = text if convert is None else convert(source, target, text)
    return str(plugin.dialect_convert(converted, target))


def takes_pictures(plugin: NotifyBase, profile: ServiceProfile) -> bool:
    """Whether files arrive."""
    is_webhook = profile.files_of_bots and getattr(plugin, "mode", None) != "bot"
    return bool(plugin.attachment_support) and not is_webhook


def prepare(plugin: NotifyBase, url: str, profile: ServiceProfile, style: Style) -> None:
    """Set what the URL leaves open to what an alert is best shown with."""
    asked = parse_qs(urlsplit(url).query)
    # No picture of a severity and no "sent by", unless the URL asks for them.
    ornaments = (("image", "include_image"), ("footer", "include_footer"), ("avatar", "avatar"))
    for parameter, attribute in ornaments:
        if hasattr(plugin, attribute) and parameter not in asked:
            setattr(plugin, attribute, False)
    inline = {"inline": True} if style is Style.EMAIL else {}
    for name, value in {**profile.presets, **inline}.items():
        # ":" begins a mapping of severities, as Opsgenie and Jira take it.
        if not any(each == name or each.startswith(":") for each in asked):
            vars(plugin)[name] = value
    if profile.name == "slack":
        private.replace(plugin, private.SLACK_SENDING, _with_fallback)


def with_pictures(
    rendered: Rendered, pictures: Sequence[Attachment], profile: ServiceProfile
) -> tuple[Rendered, Sequence[Attachment]]:
    """The message with its pictures where they belong, and those that can go with it."""
    line = len(quote(rendered.title)) + len(quote(rendered.body))
    if profile.text_in_upload and pictures and line > _LONGEST_LINE:
        return rendered, ()
    body = rendered.body.replace(PICTURES, "".join(map(_image, pictures)), 1)
    return replace(rendered, body=body), pictures


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
