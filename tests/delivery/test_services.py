"""Apprise's own plugins for chat services, pointed to loopback: what would reach the service."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.delivery.ends import Secret, Service, serving
from tests.delivery.messages import HOSTILE, alerts
from watcher.delivery.message import render
from watcher.delivery.target import Kind, Outcome, Target

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
DISCORD = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
TELEGRAM = "tgram://123456789:abcdefg_hijklmnop/12315544"
MESSAGE = alerts([*HOSTILE[:10], "Glow & Serum"], ["Hat"], title="[info] a <!channel> & b")


@pytest_asyncio.fixture
async def service() -> AsyncIterator[Service]:
    """A service on loopback."""
    async with serving() as running:
        yield running


async def _sent(service: Service, url: str, attribute: str) -> dict[str, Any]:
    """What a plugin posts when its service's address is on loopback."""
    target = Target("growth/1", Secret(url))
    setattr(target._plugin, attribute, f"http://127.0.0.1:{service.port}/")
    outcome = await target.send(render(MESSAGE, target.style, limit=target.limit))
    assert outcome == Outcome(Kind.SENT, f"{target.service} took it")
    (payload,) = service.taken
    assert isinstance(payload, dict)
    return payload


async def test_slack(service: Service) -> None:
    """Links in Slack's form, entities escaped, no mention and no stray backslash."""
    payload = await _sent(service, SLACK, "webhook_url")
    (attachment,) = payload["attachments"]
    text = attachment["text"]
    assert attachment["title"] == "[info] a &lt;\u200b!channel&gt; &amp; b"
    assert "11. *<https://www.tiktok.com/shop/pdp/1729873073559015011|Glow &amp; Serum>*" in text
    assert not set(attachment) & {"image_url", "footer"}
    links = re.findall(r"<([^>]*)>", text)
    assert len(links) == 11
    assert all(link.startswith("https://www.tiktok.com/shop/pdp/") for link in links)
    assert "\\" not in text
    assert "7-day GMV 1,200 → 4,830 (+303%) since 16 Nov" in text


async def test_discord(service: Service) -> None:
    """One message within 2,000 characters with its title, nobody pinged."""
    payload = await _sent(service, DISCORD, "notify_url")
    content = payload["content"]
    assert isinstance(content, str)
    assert len(content) <= 2_000
    assert content.startswith("**[info] a <\u200b!channel> & b**\n")
    assert re.search(r"and \d+ more: ", content)
    assert not re.search(r"@(everyone|here)|<[@!#]", content)
    assert not set(payload) & {"embeds", "avatar_url", "allowed_mentions"}
    assert payload["flags"] == 4


async def test_telegram(service: Service) -> None:
    """One HTML message within 4,096 characters whose tags Telegram knows, and balanced."""
    service.body = '{"ok": true}'
    payload = await _sent(service, TELEGRAM, "notify_url")
    text = payload["text"]
    assert isinstance(text, str)
    assert payload["parse_mode"] == "HTML"
    assert len(text.encode("utf-16-le")) // 2 <= 4_096
    assert text.startswith("<b>[info] a &lt;\u200b!channel&gt; &amp; b</b>")
    assert set(re.findall(r"</?([a-z]+)", text)) <= {"a", "b", "i"}
    assert text.count("<a ") == text.count("</a>") > 5
    assert "&amp;lt;" in text
    assert "&amp;#" not in text


@pytest.mark.parametrize(
    ("url", "attribute"),
    [(SLACK, "webhook_url"), (DISCORD, "notify_url"), (TELEGRAM, "notify_url")],
)
async def test_what_they_refuse(service: Service, url: str, attribute: str) -> None:
    """A webhook that is gone is dead."""
    service.status, service.body = 404, "no_service"
    target = Target("growth/1", Secret(url))
    setattr(target._plugin, attribute, f"http://127.0.0.1:{service.port}/")
    outcome = await target.send(render(MESSAGE, target.style, limit=target.limit))
    assert outcome == Outcome(Kind.DEAD, f"{target.service}: HTTP 404 Not Found")
