"""The head of a mail: what it is, what it belongs to, how important it is; by a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email import message_from_string, policy
from email.message import EmailMessage

import pytest
import pytest_asyncio
from msgspec.structs import replace

from tests.delivery.couriers import AGAIN, Line, Store, clock_at, courier_of, turn
from tests.delivery.messages import NOW, alerts, operator
from tests.delivery.plugins import URLS
from tests.delivery.sending import PICTURE
from tests.fakes.sink import MailServer, Secret, receiving
from watcher.cli.channel import sample_message
from watcher.delivery.apprise import mailing
from watcher.delivery.apprise.applying import Habits
from watcher.delivery.apprise.target import Target
from watcher.delivery.message import render
from watcher.delivery.rendered import OutcomeKind, Rendered, Style, Thread
from watcher.message import Message, Notification, NotificationState, RuleCount, Waited
from watcher.model import Severity

RULE = alerts(["Hat"])
SEVERAL = replace(RULE, rule="", parts=(RuleCount("a", 1), RuleCount("b", 1)))
KINDS = {
    "rule": RULE,
    "digest of one rule": replace(RULE, kind="digest"),
    "several": SEVERAL,
    "digest": replace(SEVERAL, kind="digest"),
    "joined": replace(SEVERAL, kind="joined", waited=Waited(9, 60)),
    "operator": operator("The key was refused."),
    "test": sample_message(NOW),
}
HOSTILE = (
    "evil\r\nBcc: all@example.com", "a\nb", "爆款 <x@y>", 'quo"te\\', "é" * 200, "<b>", "a,b;c:d",
    "\u202egnp.exe", "=?utf-8?q?x?=", " ",
)  # fmt: skip


@pytest_asyncio.fixture
async def mail() -> AsyncIterator[MailServer]:
    """A mail server on loopback."""
    async with receiving() as running:
        yield running


async def sent(mail: MailServer, message: Message, more: str = "", key: str = "") -> EmailMessage:
    """The mail of a message, as it came."""
    target = Target("me/1", mail.url(more=more))
    target.plugin.request_rate_per_sec = 0
    rendered = render(message, target.style)
    if key:
        rendered = rekeyed(rendered, key)
    outcome = await target.send(rendered, [PICTURE])
    assert outcome.kind is OutcomeKind.SENT, outcome
    return mail.taken[-1]


def rekeyed(rendered: Rendered, key: str) -> Rendered:
    """It as the courier sends it."""
    from dataclasses import replace as with_

    return with_(rendered, key=key)


def row(message: Message, number: int = 1, tries: int = 0) -> Notification:
    """A message in the outbox."""
    return Notification(number, "me", "me/1", NotificationState.WAITING, NOW, NOW, tries, message)


async def test_every_kind_of_message_says_what_it_is(mail: MailServer) -> None:
    """Written by a program, from watcher, with a date, once each header, of the thread of its kind
    or of its rule."""
    threads = {}
    for kind, message in KINDS.items():
        taken = await sent(mail, message, key=row(message).key)
        assert taken["Auto-Submitted"] == "auto-generated"
        assert taken["From"] == "watcher <watcher@example.com>"
        assert taken["Date"].datetime is not None
        assert taken["Message-ID"] == f"<watcher.{row(message).key}@example.com>"
        assert taken["References"] == taken["In-Reply-To"]
        assert taken["References"] != taken["Message-ID"]
        for name in ("Message-ID", "References", "In-Reply-To", "List-Id", "Importance", "Subject",
                     "X-Priority", "Auto-Submitted", "Date", "From"):  # fmt: skip
            assert len(taken.get_all(name, [])) == 1, name
        assert taken.get_content_type() == "multipart/related"
        threads[kind] = taken["References"], taken["List-Id"]
    assert threads.pop("digest of one rule") == threads["rule"]
    assert len({*threads.values()}) == len(threads)
    assert (
        threads["rule"][1] == '"watcher: beauty-rising" <beauty-rising.rule.me.watcher.localhost>'
    )
    assert threads["operator"][1] == '"watcher: me" <operator.me.watcher.localhost>'


@pytest.mark.parametrize(
    ("severity", "priority", "importance"),
    [
        (Severity.INFO, "5", "low"),
        (Severity.WARNING, "3", "normal"),
        (Severity.CRITICAL, "1", "high"),
    ],
)
async def test_a_severity_is_the_mails_importance(
    mail: MailServer, severity: Severity, priority: str, importance: str
) -> None:
    """In the words of both kinds of programs; the subject stays the title."""
    taken = await sent(mail, replace(RULE, severity=severity))
    assert (taken["X-Priority"], taken["Importance"]) == (priority, importance)
    assert taken["Subject"] == RULE.title


async def test_the_thread_of_a_rule_is_one_whatever_else_changes(mail: MailServer) -> None:
    """Another product, severity, title and channel; another rule has another."""
    first = await sent(mail, RULE)
    other = replace(alerts(["Lamp"], title="x"), severity=Severity.CRITICAL, created=NOW + 9)
    again = await sent(mail, other)
    assert again["References"] == first["References"]
    assert (await sent(mail, replace(RULE, rule="b")))["References"] != first["References"]


async def test_each_try_of_a_message_has_its_id_and_no_other_message(mail: MailServer) -> None:
    """Servers that took it keep one. Without a key Apprise makes one up."""
    keys = {row(message, number).key for message in (RULE, SEVERAL) for number in (1, 2)}
    assert len(keys) == 4
    assert row(RULE, tries=3).key == row(RULE).key
    assert row(replace(RULE, created=NOW + 1)).key != row(RULE).key
    one, two = [(await sent(mail, RULE, key="k"))["Message-ID"] for _ in range(2)]
    assert one == two == "<watcher.k@example.com>"
    made_up = {(await sent(mail, RULE))["Message-ID"] for _ in range(2)}
    assert len(made_up) == 2


async def test_what_the_url_says_stays(mail: MailServer) -> None:
    """Each header of its own, in whatever case, as the other of its pair; but a Message-ID would
    be that of all mails."""
    own = {
        "auto-submitted": "no", "Importance": "urgent", "References": "<a@b>", "LIST-ID": "<x.y>",
    }  # fmt: skip
    taken = await sent(mail, RULE, "".join(f"&+{name}={own[name]}" for name in own), key="k")
    for name, value in own.items():
        assert taken.get_all(name) == [value]
    assert taken["X-Priority"] is None
    assert taken["In-Reply-To"] is None
    taken = await sent(mail, RULE, "&+Message-ID=<mine@x>&+X-Mine=1&name=Zoe", key="k")
    assert taken.get_all("Message-ID") == ["<watcher.k@example.com>"]
    assert (taken["X-Mine"], taken["Importance"]) == ("1", "normal")
    assert taken["From"] == "Zoe <watcher@example.com>"


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_names_stay_in_their_header(mail: MailServer, name: str) -> None:
    """One line, readable, no header of their own, and an id that programs can sort by."""
    taken = await sent(mail, replace(RULE, rule=name, title=""), key="k")
    raw = "\n".join(f"{name}: {value}" for name, value in taken.raw_items())
    assert taken["Bcc"] is None
    assert raw.isascii()
    words = [word for line in raw.splitlines() for word in line.split() if "=?utf-8?" in word]
    assert max(map(len, ["", *words])) <= 75
    assert max(map(len, raw.splitlines())) < 998
    assert str(taken["Subject"]) == render(replace(RULE, rule=name, title=""), Style.EMAIL).title
    assert len(taken.get_all("List-Id", [])) == 1
    phrase, _, listed = str(taken["List-Id"]).rpartition(" ")
    assert phrase
    label, *rest = listed.strip("<>").split(".")
    assert rest == ["rule", "me", "watcher", "localhost"]
    assert label.isascii()
    assert 0 < len(label) <= 63
    assert label.replace("-", "").isalnum()


def test_names_that_look_alike_have_ids_of_their_own() -> None:
    """What of a name is no letter of a domain is told by a mark."""
    rendered = [Rendered("", "", "text", thread=Thread("rule", name)) for name in HOSTILE]
    listed = {mailing.headers_of(each, "me", "x", {})["List-Id"] for each in rendered}
    assert len(listed) == len(HOSTILE)


@pytest.mark.parametrize("service", sorted(mailing.WITH_HEADERS))
def test_the_headers_of_other_mail_services(service: str) -> None:
    """As far as their plugins take some, for the time of one message."""
    target = Target("me/1", Secret(URLS[service]))
    habits = Habits(target.plugin, service, "me", ())
    rendered = Rendered("a", "b", "text", "critical", thread=Thread("rule", "r"))
    with habits.applied(rendered):
        assert getattr(target.plugin, "headers")["Importance"] == "high"  # noqa: B009
    assert getattr(target.plugin, "headers") == {}  # noqa: B009


@pytest.mark.parametrize("service", sorted(mailing.WITH_NAMES))
def test_a_sender_has_a_name(service: str) -> None:
    """Of every service whose plugin takes one."""
    plugin = Target("me/1", Secret(URLS[service])).plugin
    sender = getattr(plugin, "from_addr", None)
    assert "watcher" in (getattr(plugin, "from_name", None), sender and sender[0])


def test_an_encoded_phrase_is_read_back() -> None:
    """As any mail program does."""
    rendered = Rendered("", "", "text", thread=Thread("rule", "爆款上升"))
    head = mailing.headers_of(rendered, "me", "x", {})["List-Id"]
    parsed = message_from_string(f"List-Id: {head}\n\n", policy=policy.default)
    assert str(parsed["List-Id"]).startswith("watcher: 爆款上升 <")


async def test_a_message_keeps_its_key_over_its_tries(store: Store) -> None:
    """As the courier sends it, whichever layout it is told in; the other target's copy and the next
    message have keys of their own."""
    clock, line, other = clock_at(), Line([AGAIN]), Line()
    first, *_ = store.add(operator("a"), "growth/1", "growth/2")
    store.add(operator("a"), "growth/1")
    courier = courier_of(store, {"growth/1": line, "growth/2": other}, clock)
    await turn(courier)
    clock.forward(10)
    await turn(courier)
    keys = [each.key for each in line.taken]
    assert keys == [store.row(first).key, store.row(first).key, keys[2]]
    assert len({*keys, other.taken[0].key}) == 3
    assert all(keys)
