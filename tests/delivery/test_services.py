"""Apprise's own plugins for chat services, pointed to loopback: what would reach the service."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.delivery.chats import PNG, SERVICES, Chats, TelegramText, chatting
from tests.delivery.messages import HOSTILE, alerts
from tests.fakes.sink import Secret
from watcher.delivery.apprise.target import Target
from watcher.delivery.message import render
from watcher.delivery.rendered import Attachment, OutcomeKind, SendOutcome

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")

PICTURE = Attachment("chart.png", PNG)
HOSTILE_TEN = (*HOSTILE[:10],)
WITH_PICTURES = ("slack-bot", "discord", "telegram", "ntfy", "json")
REASON = "7-day GMV 1,200 → 4,830 (+303%) since 16 Nov"
MESSAGE = alerts([*HOSTILE_TEN, "Glow & Serum"], ["Hat"], title="[info] a <!channel> & b")


@pytest_asyncio.fixture
async def chats(tmp_path: Path) -> AsyncIterator[Chats]:
    """All services on loopback."""
    async with chatting(tmp_path) as running:
        yield running


async def _sent(chats: Chats, name: str, picture: bool = False) -> dict[str, Any]:
    """The one text that arrives at the service, which holds it to its rules."""
    target = chats.target(name)
    outcome = await _send(target, picture)
    assert outcome == SendOutcome(OutcomeKind.SENT, f"{target.service} took it")
    ((_, payload),) = chats.texts
    return payload


async def _send(target: Target, picture: bool, taken: frozenset[str] = frozenset()) -> SendOutcome:
    rendered = render(MESSAGE, target.style, limit=target.limit)
    return await target.send(rendered, [PICTURE] if picture else [], taken=taken)


@pytest.mark.parametrize("name", SERVICES)
async def test_hostile_names_arrive_harmless(chats: Chats, name: str) -> None:
    """Within the service's rules: no mention, no link but ours, no control character."""
    payload = await _sent(chats, name)
    texts = "\n".join(_strings(payload)).replace("http://adaptivecards.io", "")
    assert REASON in texts
    assert not re.search(r"@(everyone|here|U012)|<[!@#]|http://|\w\.example", texts)
    assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", texts)
    assert "\\" not in texts
    assert "alerts A1, A2" in texts


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in _strings(each)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("name", WITH_PICTURES)
async def test_a_picture_goes_with_the_text(chats: Chats, name: str) -> None:
    """Once, beside one text, byte for byte."""
    if name == "ntfy":  # whose long texts go without, see below
        target = chats.target(name)
        rendered = render(alerts(["Lamp"] * 5), target.style, limit=target.limit)
        assert (await target.send(rendered, [PICTURE])).kind is OutcomeKind.SENT
    else:
        await _sent(chats, name, picture=True)
    assert len(chats.texts) == 1
    if name != "json":
        assert chats.pictures == [PNG]


@pytest.mark.parametrize("name", ["slack", "teams", "mattermost"])
async def test_some_take_no_pictures(chats: Chats, name: str) -> None:
    """So that none needs to be drawn; the text is as without."""
    assert not chats.target(name).takes_files
    await _sent(chats, name, picture=True)
    assert chats.pictures == []


async def test_a_long_text_for_ntfy_goes_without_a_picture(chats: Chats) -> None:
    """Beside one it would be in the address, which proxies bound."""
    target = chats.target("ntfy")
    rendered = render(alerts(["灯" * 90] * 9), target.style, limit=target.limit)
    assert (await target.send(rendered, [PICTURE])).kind is OutcomeKind.SENT
    assert chats.pictures == []
    assert chats.texts[0][1]["message"] == rendered.body


@pytest.mark.parametrize("name", ["slack-bot", "discord", "telegram"])
async def test_a_refused_picture_costs_no_text_and_repeats_none(chats: Chats, name: str) -> None:
    """The text arrives once, at once, and what became of the picture is told."""
    chats.refuse_files = True
    target = chats.target(name)
    outcome = await _send(target, picture=True)
    assert outcome == SendOutcome(
        OutcomeKind.SENT, f"{target.service} took it, but not its picture"
    )
    assert len(chats.texts) == 1


@pytest.mark.parametrize(("name", "path"), [("ntfy", "/ntfy"), ("telegram", "/sendPhoto")])
async def test_a_refused_picture_with_its_text_costs_no_text(
    chats: Chats, name: str, path: str
) -> None:
    """Where both go in one request (of Telegram a short text), the text goes again alone."""
    chats.refuse = (path,)
    target = chats.target(name)
    rendered = render(alerts(["Lamp"]), target.style, limit=target.limit)
    outcome = await target.send(rendered, [PICTURE])
    assert outcome == SendOutcome(
        OutcomeKind.SENT, f"{target.service} took it, but not its picture"
    )
    assert len(chats.texts) == 1


async def test_a_later_try_without_the_picture_sends_no_text_again(chats: Chats) -> None:
    """Where the picture's upload ends in trouble that may pass, the text's mark is kept."""
    target = chats.target("discord")
    chats.trouble = True
    first = await _send(target, picture=True)
    assert first.kind is OutcomeKind.RETRY
    assert len(chats.texts) == 1
    assert await _send(target, picture=False, taken=first.taken) == SendOutcome(
        OutcomeKind.SENT, "discord took it"
    )
    assert len(chats.texts) == 1


async def test_slack(chats: Chats) -> None:
    """Links in Slack's form, entities escaped, a summary for the lock screen."""
    (attachment,) = (await _sent(chats, "slack"))["attachments"]
    text = attachment["text"]
    assert attachment["title"] == "[info] a &lt;\u200b!channel&gt; &amp; b"
    assert "11. *<https://www.tiktok.com/shop/pdp/1729873073559015011|Glow &amp; Serum>*" in text
    assert not set(attachment) & {"image_url", "footer"}
    links = re.findall(r"<([^>]*)>", text)
    assert len(links) == 11
    assert all(link.startswith("https://www.tiktok.com/shop/pdp/") for link in links)
    fallback = attachment["fallback"]
    assert fallback.startswith(attachment["title"] + " · Beauty products")
    assert len(fallback) <= 300
    assert not re.search(r"[<>|*\n]", fallback)


async def test_discord(chats: Chats) -> None:
    """One message within 2,000 characters with its title, nobody pinged, no previews."""
    payload = await _sent(chats, "discord")
    content = payload["content"]
    assert content.startswith("**[info] a <\u200b!channel> & b**\n")
    assert re.search(r"and \d+ more: ", content)
    assert not set(payload) & {"embeds", "avatar_url", "allowed_mentions"}
    assert payload["flags"] == 4


def test_only_a_mapping_of_actions_is_one() -> None:
    """A parameter that begins with ":" leaves all else as it is."""
    url = f"discord://{'1' * 18}/{'a' * 68}?:x=y"
    assert getattr(Target("me/1", Secret(url)).plugin, "flags") == 4  # noqa: B009 - not NotifyBase's


async def test_mattermost(chats: Chats) -> None:
    """As Discord, with the title in the text as it is meant."""
    text = (await _sent(chats, "mattermost"))["text"]
    assert text.startswith("**[info] a <\u200b!channel> & b**\n")


async def test_telegram(chats: Chats) -> None:
    """All of its markup is ours, and the name is read as it was typed."""
    payload = await _sent(chats, "telegram")
    seen = TelegramText(payload["text"])
    assert payload["parse_mode"] == "HTML"
    assert payload["disable_web_page_preview"]
    assert seen.text.startswith("[info] a <\u200b!channel> & b\r\n")
    assert payload["text"].count("<a ") > 5
    assert "&lt;b&gt; & &amp; \"quoted\" 'single'" in seen.text


async def test_a_long_text_for_telegram_arrives_at_once(chats: Chats) -> None:
    """As one message, though its markup is longer than what a message may show."""
    target = chats.target("telegram")
    rendered = render(alerts(["Lamp"] * 60), target.style, limit=target.limit)
    assert len(rendered.body) > 4_096
    assert (await target.send(rendered)).kind is OutcomeKind.SENT
    assert len(chats.texts) == 1


async def test_teams(chats: Chats) -> None:
    """A card with a heading, a bold link for each product, and a paragraph for each line."""
    (attachment,) = (await _sent(chats, "teams"))["attachments"]
    title, body = attachment["content"]["body"]
    assert title["text"] == "[info] a <\u200b!channel> & b"
    assert body["wrap"]
    link = "https://www.tiktok.com/shop/pdp/1729873073559015011"
    assert f"**11 · [Glow & Serum]({link})**\n\n{REASON}\n\n" in body["text"]
    assert attachment["content"]["msteams"] == {"width": "full"}


async def test_json(chats: Chats) -> None:
    """A program gets the text as it is."""
    payload = await _sent(chats, "json", picture=True)
    assert payload["message"] == render(MESSAGE, chats.target("json").style).body
    assert payload["attachments"][0]["filename"] == "chart.png"


@pytest.mark.parametrize("name", ["slack", "discord", "telegram"])
async def test_what_they_refuse(chats: Chats, name: str) -> None:
    """A webhook that is gone is dead."""
    chats.refuse = ("/",)
    target = chats.target(name)
    assert await _send(target, picture=False) == SendOutcome(
        OutcomeKind.DEAD, f"{target.service}: HTTP 403 Forbidden"
    )


def test_a_row_slows_a_service_down_where_apprise_is_too_fast() -> None:
    """And never hurries one that Apprise has slower."""
    for url, seconds in (
        ("discord://123/abc", 0.4),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", 1.2),
    ):
        assert Target("a/1", Secret(url)).plugin.request_rate_per_sec == seconds
