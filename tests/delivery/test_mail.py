"""Mail to a real server: both parts, pictures, and recipients of whom only some take it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.delivery.messages import HOSTILE, alerts
from tests.delivery.sending import PICTURE, PLAIN, send, senders
from tests.end_to_end.process import until
from tests.fakes.sink import (
    MailServer,
    Secret,
    closed_port,
    receiving,
)
from watcher.delivery.apprise.target import Target
from watcher.delivery.message import render
from watcher.delivery.rendered import (
    PICTURES,
    OutcomeKind,
    SendOutcome,
    Style,
)

ONE, SOME = "an address of the URL", "some of its recipients have it"
ANN, BOB, CAT = "ann@example.com", "bob@example.com", "cat@example.com"


@pytest_asyncio.fixture
async def mail() -> AsyncIterator[MailServer]:
    """A mail server on loopback."""
    async with receiving() as running:
        yield running


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
    await until(lambda: not senders("me/9"))
    for writer in silent:
        writer.close()
    server.close()


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
    outcome = await send(mail.url())
    why = f"mailto: the mail server answered {reply[:3]} to an address of the URL"
    assert outcome == SendOutcome(kind, why)
    assert mail.taken == []


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
    assert (await send(mail.url())).kind is kind


async def test_no_mail_server() -> None:
    """A mail server that is down may come back."""
    url = Secret(f"mailto://127.0.0.1:{closed_port()}/?from=a@example.com&to=b@example.com")
    assert await send(url) == SendOutcome(OutcomeKind.RETRY, "mailto: the connection was refused")
