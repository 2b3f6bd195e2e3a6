"""One try on real ends: what a service does becomes a typed outcome, and no secret shows."""

from __future__ import annotations

import asyncio
import base64
import logging
import threading
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, tzinfo
from typing import Self

import pytest
import pytest_asyncio
from apprise import Apprise

from tests.delivery.messages import HOSTILE, alerts
from tests.delivery.sending import PICTURE, PLAIN, send, senders
from tests.end_to_end.process import until
from tests.fakes.sink import (
    CROWD,
    SECRET,
    Secret,
    Service,
    closed_port,
    serving,
)
from watcher.delivery.apprise.target import Target, warm_up
from watcher.delivery.message import render
from watcher.delivery.rendered import (
    OutcomeKind,
    SendOutcome,
    Style,
)
from watcher.errors import TargetError


@pytest_asyncio.fixture
async def service() -> AsyncIterator[Service]:
    """A service on loopback."""
    async with serving() as running:
        yield running


async def test_sends(service: Service) -> None:
    """A service that takes a message is sent it once."""
    outcome = await send(service.url)
    assert outcome == SendOutcome(OutcomeKind.SENT, "json took it")
    assert [(each["title"], each["message"], each["type"]) for each in service.taken] == [
        ("title", "body", "warning")
    ]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413])
async def test_permanent_answers_are_dead(service: Service, status: int) -> None:
    """Asking again can't change these answers."""
    service.status = status
    outcome = await send(service.url)
    assert outcome.kind is OutcomeKind.DEAD
    assert f"json: HTTP {status} " in outcome.detail


@pytest.mark.parametrize("status", [408, 409, 422, 425, 429, 500, 502, 503, 504, 599])
async def test_other_answers_may_pass(service: Service, status: int) -> None:
    """Everything else is tried again."""
    service.status = status
    outcome = await send(service.url)
    assert outcome.kind is OutcomeKind.RETRY
    assert outcome.detail.startswith(f"json: HTTP {status}")
    assert outcome.retry_after is None


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"Retry-After": "120"}, "", 120.0),
        ({"Retry-After": "-5"}, "", 0.0),
        ({"Retry-After": "soon"}, "", None),
        ({"Retry-After": "inf"}, "", None),
        (
            {
                "Date": "Mon, 23 Nov 2026 15:00:00 GMT",
                "Retry-After": "Mon, 23 Nov 2026 15:10:00 GMT",
            },
            "",
            600.0,
        ),
        ({}, '{"parameters": {"retry_after": 7}}', 7.0),
        ({}, '{"retry_after": 1.5}', 1.5),
        ({}, '{"retry_after_ms": 1500}', 1.5),
        ({}, '{"retry_after_ms": "soon"}', None),
        ({}, f'{{"retry_after": 1{"0" * 400}}}', None),
        ({}, '{"retry_after": true}', None),
        ({}, "[1]", None),
        ({}, "no json", None),
    ],
)
async def test_obeys_retry_after(
    service: Service, headers: dict[str, str], body: str, seconds: float | None
) -> None:
    """Seconds or a date in the header, or where Discord and Telegram write it."""
    service.status, service.headers, service.body = 429, headers, body
    outcome = await send(service.url)
    assert outcome.detail.startswith("json: HTTP 429")
    assert outcome.retry_after == seconds


async def test_a_redirect_is_not_followed(service: Service) -> None:
    """It would turn the POST into a GET, whose success means nothing."""
    service.status, service.headers = 302, {"Location": "/elsewhere"}
    outcome = await send(service.url)
    assert (outcome.kind, outcome.detail) == (OutcomeKind.RETRY, "json: HTTP 302 Found")
    assert len(service.paths) == 1


async def test_a_refused_connection_may_pass() -> None:
    """Nobody listens yet."""
    url = Secret(f"json://127.0.0.1:{closed_port()}/{SECRET}")
    assert await send(url) == SendOutcome(OutcomeKind.RETRY, "json: the connection was refused")


async def test_an_unknown_host_may_pass() -> None:
    """DNS may come back."""
    outcome = await send(Secret(f"json://{SECRET.lower()}.invalid/"))
    assert outcome == SendOutcome(OutcomeKind.RETRY, "json: its host name is not known")


async def test_a_cut_connection_may_pass(service: Service) -> None:
    """The service closes without a word."""
    service.behave = "reset"
    assert await send(service.url) == SendOutcome(OutcomeKind.RETRY, "json: the connection was cut")


async def test_tls_to_a_plain_port_may_pass(service: Service) -> None:
    """A service without TLS, or with a broken one."""
    outcome = await send(Secret(f"jsons://127.0.0.1:{service.port}/"))
    assert outcome == SendOutcome(OutcomeKind.RETRY, "json: the encrypted connection failed")


async def test_a_hang_ends_with_the_timeout(service: Service) -> None:
    """No answer at all."""
    service.behave = "hang"
    outcome = await send(service.url, patience=0.3)
    assert outcome.kind is OutcomeKind.RETRY
    assert "in time" in outcome.detail or "within 0.3 s" in outcome.detail


async def test_a_drip_ends_with_the_timeout(service: Service) -> None:
    """Each byte comes in time, the end never: the connection is cut, and no thread stays behind."""
    service.behave = "drip"
    target = Target("drip/1", service.url, timeout=0.2)
    for tries in range(1, 5):
        outcome = await target.send(PLAIN)
        assert (outcome.kind, outcome.detail) == (
            OutcomeKind.RETRY,
            "json: no end of the answer within 0.2 s",
        )
        assert len(service.taken) == tries
        await until(lambda: not senders("drip/1"))
    service.behave = "answer"
    assert (await target.send(PLAIN)).kind is OutcomeKind.SENT


async def test_what_can_not_be_cut_is_not_piled_up(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads that even so go on are left behind, not more, until they end."""
    target, release = Target("stuck/1", service.url, timeout=0.05), threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(Apprise, "notify", lambda *_, **__: release.wait())
        outcomes = [await target.send(PLAIN, taken=["x"]) for _ in range(3)]
    assert outcomes[2].detail == "json: earlier tries still hang"
    assert outcomes[2].taken == {"x"}
    release.set()
    await until(lambda: not senders("stuck/1"))
    async with asyncio.timeout(20):  # a busy machine takes its time
        while (await target.send(PLAIN)).kind is not OutcomeKind.SENT:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_hanging_target_delays_no_other(service: Service) -> None:
    """Ten stuck targets leave an eleventh its own pace (Apprise's pool would have six)."""
    service.behave = "hang"
    stuck = [
        asyncio.create_task(Target(f"slow/{number}", service.url).send(PLAIN))
        for number in range(CROWD)
    ]
    await service.busy.wait()
    async with serving() as other:
        assert (await send(other.url)).kind is OutcomeKind.SENT
    service.release.set()
    assert {outcome.kind for outcome in await asyncio.gather(*stuck)} == {OutcomeKind.SENT}


async def test_a_url_cant_soften_a_failure(service: Service) -> None:
    """Tries are the outbox's, and "optional" would call a failure a success."""
    service.status = 500
    url = Secret(service.url.reveal() + "&retry=3&wait=9&optional=yes")
    assert (await send(url)).kind is OutcomeKind.RETRY
    assert len(service.taken) == 1


async def test_sends_files_to_services_that_take_them(service: Service) -> None:
    """A picture goes with the message, from memory."""
    target = Target("growth/1", service.url)
    assert (await target.send(PLAIN, [PICTURE])).kind is OutcomeKind.SENT
    (file,) = service.taken[0]["attachments"]
    assert (file["filename"], file["mimetype"]) == ("chart.png", "image/png")
    assert base64.b64decode(file["base64"]) == PICTURE.content


async def test_hostile_names_arrive_harmless(service: Service) -> None:
    """What the service gets is what was rendered, with nothing expanded on the way."""
    rendered = render(alerts(HOSTILE, HOSTILE), Style.PLAIN)
    assert (await send(service.url, rendered)).kind is OutcomeKind.SENT
    assert service.taken[0]["message"] == rendered.body


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "no Apprise URL"),
        (SECRET, "no Apprise URL"),
        (f"slak://{SECRET}/x", "knows no service for this slak:// URL"),
        (f"slack://{SECRET}", "can't read this slack:// URL"),
        (f"http://127.0.0.1/{SECRET}", "this http:// URL"),
        (f"json://localhost:99999/{SECRET}", "port of its json:// URL"),
        (f"json://a/{SECRET}, json://b/{SECRET}", "more than one URL"),
    ],
)
def test_refuses_urls_without_repeating_them(url: str, said: str) -> None:
    """The reason names the target and the scheme only."""
    with pytest.raises(TargetError) as caught:
        Target("growth/2", Secret(url))
    assert said in str(caught.value)
    assert str(caught.value).startswith("growth/2: ")
    assert SECRET not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    ("url", "service", "style"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "slack", Style.MARKDOWN),
        (
            "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
            "slack",
            Style.MARKDOWN,
        ),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "discord", Style.TITLED),
        ("tgram://123456789:abcdefg_hijklmnop/12315544", "tgram", Style.TELEGRAM),
        ("tgram://123456789:abcdefg_hijklmnop/1?format=markdown", "tgram", Style.PLAIN),
        ("mailtos://u:p@example.com", "mailto", Style.EMAIL),
        ("ntfy://topic", "ntfy", Style.PLAIN),
        ("jsons://example.com", "json", Style.PLAIN),
    ],
)
def test_knows_the_service_and_its_style(url: str, service: str, style: Style) -> None:
    """The scheme that people know, and how the family wants its text."""
    target = Target("growth/1", Secret(url))
    assert (target.service, target.style) == (service, style)
    assert 900 < target.limit <= 30_000
    assert repr(target) == f"<Target growth/1 {service}://***>"


class Ahead(datetime):
    """The time in five hours."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + timedelta(hours=5)


async def test_a_clock_set_back_delays_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Apprise's own throttle would sleep until the clock is where it was."""
    target = Target("growth/1", service.url, timeout=1.0)
    target.plugin.request_rate_per_sec = 0.001
    with monkeypatch.context() as patch:
        patch.setattr("apprise.url.datetime", Ahead)
        assert (await target.send(PLAIN)).kind is OutcomeKind.SENT
    assert (await target.send(PLAIN)).kind is OutcomeKind.SENT


async def test_secrets_stay_out_of_logs(
    service: Service, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """No level of any library's log, no outcome and no output has a part of the URL."""
    warm_up()
    shown = []
    with caplog.at_level(logging.NOTSET):
        for service.behave, service.status in (("answer", 200), ("answer", 500), ("reset", 0)):
            shown.append(repr(await send(service.url)))
        shown.append(repr(await send(Secret(f"json://127.0.0.1:{closed_port()}/{SECRET}"))))
        shown.append(repr(await send(Secret(f"json://{SECRET.lower()}.invalid/{SECRET}"))))
    written = capfd.readouterr()
    everything = "\n".join([caplog.text, written.out, written.err, *shown])
    assert SECRET not in everything
    assert SECRET.lower() not in everything.lower()
    assert "127.0.0.1" not in everything
