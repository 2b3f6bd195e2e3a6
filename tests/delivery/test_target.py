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
from tests.end_to_end.process import until
from tests.fakes.sink import (
    CROWD,
    SECRET,
    MailServer,
    Secret,
    Service,
    closed_port,
    receiving,
    serving,
)
from watcher.delivery.apprise.target import Target, warm_up
from watcher.delivery.message import render
from watcher.delivery.rendered import (
    PICTURES,
    Attachment,
    OutcomeKind,
    Rendered,
    SendOutcome,
    Style,
)
from watcher.errors import TargetError

PLAIN = Rendered("title", "body", "text", "warning")
PICTURE = Attachment("chart.png", b"\x89PNG\r\n\x1a\n....")


@pytest_asyncio.fixture
async def service() -> AsyncIterator[Service]:
    """A service on loopback."""
    async with serving() as running:
        yield running


@pytest_asyncio.fixture
async def mail() -> AsyncIterator[MailServer]:
    """A mail server on loopback."""
    async with receiving() as running:
        yield running


async def _send(url: Secret, rendered: Rendered = PLAIN, patience: float = 5.0) -> SendOutcome:
    return await Target("growth/1", url, timeout=patience).send(rendered)


async def test_sends(service: Service) -> None:
    """A service that takes a message is sent it once."""
    outcome = await _send(service.url)
    assert outcome == SendOutcome(OutcomeKind.SENT, "json took it")
    assert [(each["title"], each["message"], each["type"]) for each in service.taken] == [
        ("title", "body", "warning")
    ]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413])
async def test_permanent_answers_are_dead(service: Service, status: int) -> None:
    """Asking again can't change these answers."""
    service.status = status
    outcome = await _send(service.url)
    assert outcome.kind is OutcomeKind.DEAD
    assert f"json: HTTP {status} " in outcome.detail


@pytest.mark.parametrize("status", [408, 409, 422, 425, 429, 500, 502, 503, 504, 599])
async def test_other_answers_may_pass(service: Service, status: int) -> None:
    """Everything else is tried again."""
    service.status = status
    outcome = await _send(service.url)
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
    outcome = await _send(service.url)
    assert outcome.detail.startswith("json: HTTP 429")
    assert outcome.retry_after == seconds


async def test_a_redirect_is_not_followed(service: Service) -> None:
    """It would turn the POST into a GET, whose success means nothing."""
    service.status, service.headers = 302, {"Location": "/elsewhere"}
    outcome = await _send(service.url)
    assert (outcome.kind, outcome.detail) == (OutcomeKind.RETRY, "json: HTTP 302 Found")
    assert len(service.paths) == 1


async def test_a_refused_connection_may_pass() -> None:
    """Nobody listens yet."""
    url = Secret(f"json://127.0.0.1:{closed_port()}/{SECRET}")
    assert await _send(url) == SendOutcome(OutcomeKind.RETRY, "json: the connection was refused")


async def test_an_unknown_host_may_pass() -> None:
    """DNS may come back."""
    outcome = await _send(Secret(f"json://{SECRET.lower()}.invalid/"))
    assert outcome == SendOutcome(OutcomeKind.RETRY, "json: its host name is not known")


async def test_a_cut_connection_may_pass(service: Service) -> None:
    """The service closes without a word."""
    service.behave = "reset"
    assert await _send(service.url) == SendOutcome(
        OutcomeKind.RETRY, "json: the connection was cut"
    )


async def test_tls_to_a_plain_port_may_pass(service: Service) -> None:
    """A service without TLS, or with a broken one."""
    outcome = await _send(Secret(f"jsons://127.0.0.1:{service.port}/"))
    assert outcome == SendOutcome(OutcomeKind.RETRY, "json: the encrypted connection failed")


async def test_a_hang_ends_with_the_timeout(service: Service) -> None:
    """No answer at all."""
    service.behave = "hang"
    outcome = await _send(service.url, patience=0.3)
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
        await until(lambda: not _senders("drip/1"))
    service.behave = "answer"
    assert (await target.send(PLAIN)).kind is OutcomeKind.SENT


async def test_a_mail_server_that_hangs_is_cut_off() -> None:
    """Before its greeting, where smtplib has given nobody a handle yet."""
    silent: list[asyncio.StreamWriter] = []

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        silent.append(writer)

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = Secret(f"mailto://127.0.0.1:{port}/?from=a@example.com&to=b@example.com")
    target = Target("me/9", url, timeout=0.2)
    assert (await target.send(PLAIN)).kind is OutcomeKind.RETRY
    await until(lambda: not _senders("me/9"))
    for writer in silent:
        writer.close()
    server.close()


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
    await until(lambda: not _senders("stuck/1"))
    async with asyncio.timeout(20):  # a busy machine takes its time
        while (await target.send(PLAIN)).kind is not OutcomeKind.SENT:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def _senders(target: str) -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == f"send-{target}"]


async def test_a_hanging_target_delays_no_other(service: Service) -> None:
    """Ten stuck targets leave an eleventh its own pace (Apprise's pool would have six)."""
    service.behave = "hang"
    stuck = [
        asyncio.create_task(Target(f"slow/{number}", service.url).send(PLAIN))
        for number in range(CROWD)
    ]
    await service.busy.wait()
    async with serving() as other:
        assert (await _send(other.url)).kind is OutcomeKind.SENT
    service.release.set()
    assert {outcome.kind for outcome in await asyncio.gather(*stuck)} == {OutcomeKind.SENT}


async def test_a_url_cant_soften_a_failure(service: Service) -> None:
    """Tries are the outbox's, and "optional" would call a failure a success."""
    service.status = 500
    url = Secret(service.url.reveal() + "&retry=3&wait=9&optional=yes")
    assert (await _send(url)).kind is OutcomeKind.RETRY
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
    assert (await _send(service.url, rendered)).kind is OutcomeKind.SENT
    assert service.taken[0]["message"] == rendered.body


async def test_mail_has_both_parts(mail: MailServer) -> None:
    """HTML with a plain part beside it, and a subject of one line."""
    target = Target("me/1", mail.url())
    assert (target.service, target.style) == ("mailto", Style.EMAIL)
    rendered = render(alerts(HOSTILE, ["Hat"], title="beauty <b>\n& more"), target.style)
    assert await target.send(rendered) == SendOutcome(OutcomeKind.SENT, "mailto took it")
    (message,) = mail.taken
    assert message["subject"] == "beauty <\u200bb> & more"
    html, plain = message.get_body(["html"]), message.get_body(["plain"])
    assert html is not None
    assert plain is not None
    sent = rendered.body.replace(PICTURES, "")
    assert sent in html.get_content().replace("\r\n", "\n")
    assert "<script" not in html.get_content()
    assert plain.get_content().replace("\r\n", "\n") == rendered.plain
    assert message.get_content_type() == "multipart/alternative"


async def test_a_mails_picture_is_inside_it(mail: MailServer) -> None:
    """For each of its recipients: shown where the template has it, by its content's id."""
    target = _hasty(mail.url([ANN, BOB]))
    rendered = render(alerts(["Lamp"]), target.style)
    assert (await target.send(rendered, [PICTURE])).kind is OutcomeKind.SENT
    assert len(mail.taken) == 2
    for message in mail.taken:
        assert message.get_content_type() == "multipart/related"
        alternative, picture = message.iter_parts()
        assert [part.get_content_type() for part in alternative.iter_parts()] == [
            "text/plain",
            "text/html",
        ]
        assert (picture["Content-ID"], picture.get_content_type()) == ("<chart.png>", "image/png")
        assert picture.get_content_disposition() == "inline"
        assert picture.get_payload(decode=True) == PICTURE.content
        html, plain = message.get_body(["html"]), message.get_body(["plain"])
        assert html is not None
        assert plain is not None
        shown = html.get_content()
        assert shown.count("<img ") == 1
        assert shown.index("<h1") < shown.index('src="cid:chart.png" alt="Chart"')
        assert shown.index("cid:chart.png") < shown.index("shop/pdp")
        assert "cid:" not in plain.get_content()
        assert "https://www.tiktok.com/shop/pdp/1729873073559015001" in plain.get_content()


async def test_a_mail_whose_picture_is_too_large_goes_without(mail: MailServer) -> None:
    """It says so, and has no empty place for it; what passes is tried again later."""
    mail.pictures = "552 5.3.4 message too big"
    target = _hasty(mail.url())
    rendered = render(alerts(["Lamp"]), target.style)
    assert await target.send(rendered, [PICTURE]) == SendOutcome(
        OutcomeKind.SENT, "mailto took it, but not its picture"
    )
    (message,) = mail.taken
    assert message.get_content_type() == "multipart/alternative"
    assert "<img" not in message.as_string()
    mail.pictures = "452 4.3.1 disk full"
    assert (await target.send(rendered, [PICTURE])).kind is OutcomeKind.RETRY
    assert len(mail.taken) == 1


async def test_mail_may_be_asked_for_as_text(mail: MailServer) -> None:
    """``?format=text`` is the user's wish."""
    target = Target("me/1", mail.url(more="&format=text"))
    assert target.style is Style.PLAIN
    assert (await target.send(render(alerts(["Lamp"]), target.style))).kind is OutcomeKind.SENT
    assert mail.taken[0].get_content_type() == "text/plain"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("550 5.1.1 no such user", OutcomeKind.DEAD),
        ("450 4.2.0 greylisted, come again", OutcomeKind.RETRY),
    ],
)
async def test_refused_recipients(mail: MailServer, reply: str, kind: OutcomeKind) -> None:
    """A mail server's 5xx is for good, its 4xx passes."""
    mail.recipients["ann@example.com"] = reply
    outcome = await _send(mail.url())
    why = f"mailto: the mail server answered {reply[:3]} to an address of the URL"
    assert outcome == SendOutcome(kind, why)
    assert mail.taken == []


ONE, SOME = "an address of the URL", "some of its recipients have it"
ANN, BOB, CAT = "ann@example.com", "bob@example.com", "cat@example.com"


def _hasty(url: Secret) -> Target:
    """Without the seconds that Apprise leaves between two mails."""
    target = Target("me/1", url)
    target.plugin.request_rate_per_sec = 0
    return target


async def _until_done(target: Target, tries: int) -> tuple[SendOutcome, ...]:
    """So many tries of one message, each knowing what the one before learnt."""
    outcomes: list[SendOutcome] = []
    for _ in range(tries):
        taken = outcomes[-1].taken if outcomes else ()
        outcomes.append(await target.send(PLAIN, taken=taken))
    return tuple(outcomes)


async def test_who_has_a_mail_does_not_get_it_again(mail: MailServer) -> None:
    """One of two recipients is greylisted: only that one is asked again, and gets it."""
    mail.later = {ANN: 3}
    target = _hasty(mail.url([ANN, BOB]))
    *waiting, last = await _until_done(target, 4)
    assert [(each.kind, each.detail) for each in waiting] == [
        (OutcomeKind.RETRY, f"mailto: the mail server answered 451 to {ONE}; {SOME}")
    ] * 3
    assert last == SendOutcome(OutcomeKind.SENT, "mailto took it")
    assert sorted(mail.delivered) == [ANN, BOB]


async def test_a_refused_recipient_is_seen_and_others_get_it_once(mail: MailServer) -> None:
    """It is dead at once, and says that some have it; a retry by hand asks only who has it not."""
    mail.recipients = {ANN: "550 no such user"}
    target = _hasty(mail.url([ANN, BOB]))
    outcomes = await _until_done(target, 2)
    assert [(each.kind, each.detail) for each in outcomes] == [
        (OutcomeKind.DEAD, f"mailto: the mail server answered 550 to {ONE}; {SOME}")
    ] * 2
    assert mail.delivered == [BOB]
    mail.recipients.clear()
    assert (await target.send(PLAIN, taken=outcomes[-1].taken)).kind is OutcomeKind.SENT
    assert mail.delivered == [BOB, ANN]


async def test_one_is_refused_and_one_greylisted(mail: MailServer) -> None:
    """Another try may still reach somebody; once it has, it is dead for the other."""
    mail.recipients, mail.later = {ANN: "550 no"}, {BOB: 1}
    first, second = await _until_done(_hasty(mail.url([ANN, BOB])), 2)
    assert (first.kind, second.kind) == (OutcomeKind.RETRY, OutcomeKind.DEAD)
    assert mail.delivered == [BOB]


async def test_a_copy_is_not_sent_again(mail: MailServer) -> None:
    """A server may take a mail for one recipient of it and not for another."""
    mail.later = {ANN: 2}
    target = _hasty(mail.url([ANN, BOB], more=f"&cc={CAT}"))
    outcomes = await _until_done(target, 3)
    assert [each.kind for each in outcomes] == [
        OutcomeKind.RETRY,
        OutcomeKind.RETRY,
        OutcomeKind.SENT,
    ]
    assert sorted(mail.delivered) == [ANN, BOB, CAT]


async def test_marks_of_recipients_say_nothing(mail: MailServer) -> None:
    """They are kept in the database, where no address may stand, and hold for one URL only."""
    mail.later = {ANN: 9}
    first = await _hasty(mail.url([ANN, BOB])).send(PLAIN)
    assert first.taken
    assert "bob" not in repr(first).lower()
    other = _hasty(mail.url([ANN, BOB], more="&name=x"))
    await other.send(PLAIN, taken=first.taken)
    assert mail.delivered == [BOB, BOB]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [("554 looks like spam", OutcomeKind.DEAD), ("452 disk full", OutcomeKind.RETRY)],
)
async def test_refused_mail(mail: MailServer, reply: str, kind: OutcomeKind) -> None:
    """The message itself may be refused too."""
    mail.data = reply
    assert (await _send(mail.url())).kind is kind


async def test_no_mail_server() -> None:
    """A mail server that is down may come back."""
    url = Secret(f"mailto://127.0.0.1:{closed_port()}/?from=a@example.com&to=b@example.com")
    assert await _send(url) == SendOutcome(OutcomeKind.RETRY, "mailto: the connection was refused")


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
            shown.append(repr(await _send(service.url)))
        shown.append(repr(await _send(Secret(f"json://127.0.0.1:{closed_port()}/{SECRET}"))))
        shown.append(repr(await _send(Secret(f"json://{SECRET.lower()}.invalid/{SECRET}"))))
    written = capfd.readouterr()
    everything = "\n".join([caplog.text, written.out, written.err, *shown])
    assert SECRET not in everything
    assert SECRET.lower() not in everything.lower()
    assert "127.0.0.1" not in everything
