"""Markdown and cards for group robots of which Apprise's plugins know text alone.

The plugins stay what they are, with their addresses, signatures and pauses: a request of theirs is
changed as it goes out. One that does not look as expected goes out as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import requests

from watcher.delivery.apprise.observing import Amendment
from watcher.delivery.rendered import Rendered
from watcher.text.sanitize import escape_tagged

_RULE = re.compile(r"^---$", re.MULTILINE)
_COLOURS = {"critical": "red", "warning": "orange"}
_Dress = Callable[[dict[str, Any], Rendered], dict[str, Any]]


def amendment_of(service: str, rendered: Rendered) -> Amendment | None:
    """The change to the requests of a service that is to show ``rendered`` in its own style; None
    where Apprise's are right."""
    dress = _DRESSES.get(service)
    return None if dress is None else partial(_change, dress, rendered)


def takes_title(service: str) -> bool:
    """Whether a title goes into the changed request by itself; in the text Apprise would put it."""
    return _DRESSES.get(service) is _card


def elements(text: str) -> list[dict[str, str]]:
    """The parts of a card: Markdown, with a rule across it for each line of ``---``."""
    parts = (part.strip("\n") for part in _RULE.split(text))
    made: list[dict[str, str]] = []
    for part in filter(None, parts):
        made += [{"tag": "hr"}] * bool(made) + [{"tag": "markdown", "content": part}]
    return made


def written(text: str) -> str:
    """The parts of a card as they stand in its request."""
    return _json(elements(text))


def _change(dress: _Dress, rendered: Rendered, request: requests.PreparedRequest) -> None:
    body = request.body
    try:
        payload = dress(json.loads(body if isinstance(body, str | bytes) else ""), rendered)
    except (ValueError, TypeError, LookupError):
        return
    request.prepare_body(_json(payload).encode("utf-8", "replace"), None)
    request.headers["Content-Type"] = "application/json; charset=utf-8"


def _json(value: object) -> str:
    """In UTF-8, where Apprise would write six bytes for each Chinese character of two or three."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _dingtalk(payload: dict[str, Any], _rendered: Rendered) -> dict[str, Any]:
    """Above the text Apprise repeats the title: very large, and taken for Markdown."""
    markdown = payload["markdown"]
    heading, _, text = markdown["text"].partition("\n")
    told = f"#### {escape_tagged(heading.removeprefix('# '))}\n\n{text}"
    return {**payload, "markdown": {**markdown, "text": told}}


def _wecom(payload: dict[str, Any], _rendered: Rendered) -> dict[str, Any]:
    return {"msgtype": "markdown", "markdown": {"content": payload["text"]["content"]}}


def _card(payload: dict[str, Any], rendered: Rendered) -> dict[str, Any]:
    """A card of Feishu or Lark, its head in the colour of the severity."""
    head = {"tag": "plain_text", "content": rendered.title}
    card = {
        "config": {"wide_screen_mode": True},
        "header": {"template": _COLOURS.get(rendered.severity, "blue"), "title": head},
        "elements": elements(payload["content"]["text"]),
    }
    # What Apprise may have put beside the text, as a signature, stays.
    kept = {name: value for name, value in payload.items() if name != "content"}
    return {**kept, "msg_type": "interactive", "card": card}


_DRESSES: Mapping[str, _Dress] = {
    "dingtalk": _dingtalk, "wecombot": _wecom, "feishu": _card, "lark": _card,
}  # fmt: skip
