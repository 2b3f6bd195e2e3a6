"""Word to the operator where nothing can be written down."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from tests.daemon.fakes import ENV, RULES
from watcher.daemon.connections import address_of
from watcher.daemon.supervision.health import DirectAlert
from watcher.delivery.permission import may_send
from watcher.delivery.rendered import (
    LONGEST,
    Attachment,
    OutcomeKind,
    Rendered,
    SendOutcome,
    Style,
    Way,
)
from watcher.language import Language
from watcher.notification.policy import NotifyPolicy
from watcher.quiet import parse_quiet
from watcher.rules.files.loading import load_text
from watcher.units import HOUR

TITLE = "watcher: the database fails"
NOW = 1_790_000_000 - 1_790_000_000 % 86_400 + 12 * HOUR  # noon, UTC


@dataclass
class Line:
    """A target that answers as it is told."""

    kind: OutcomeKind = OutcomeKind.SENT
    taken: list[str] = field(default_factory=list)
    style: Style = Style.PLAIN
    limit: int = LONGEST
    released: bool = False
    takes_files: bool = True

    def release(self) -> None:
        self.released = True

    async def send(
        self,
        rendered: Rendered,
        attachments: Sequence[Attachment] = (),
        /,
        *,
        taken: Collection[str] = (),
    ) -> SendOutcome:
        assert not taken
        assert not attachments
        if self.kind is OutcomeKind.SENT:
            self.taken.append(f"{rendered.title}: {rendered.body}")
        return SendOutcome(self.kind, "as told")


@pytest.fixture
def lines() -> Mapping[str, Line]:
    """Two targets of one channel, and one of another that is no operator's."""
    return {"me/1": Line(), "me/2": Line(OutcomeKind.RETRY), "growth/1": Line()}


def direct_alert(lines: Mapping[str, Line], quiet: str | None = None) -> DirectAlert:
    """The channel ``me`` is the operator's."""
    hours = parse_quiet(quiet, "UTC") if quiet else None
    operator = [NotifyPolicy("me", ("me/1", "me/2"), quiet=hours)]
    return DirectAlert(lambda: operator, lambda: lines)


async def test_told_once_and_once_at_its_end(lines: Mapping[str, Line]) -> None:
    """The second bad look tells; who did not take it is asked again; growth hears nothing."""
    asked = direct_alert(lines)
    await asked.look("the disk is full", NOW)
    assert lines["me/1"].taken == []
    for _ in range(3):
        await asked.look("the disk is full", NOW)
    lines["me/2"].kind = OutcomeKind.SENT
    await asked.look("the disk is full", NOW)
    for name in ("me/1", "me/2"):
        (text,) = lines[name].taken
        assert text.startswith(TITLE)
        assert "the disk is full" in text
    for _ in range(2):
        await asked.look(None, NOW)
    assert [len(line.taken) for line in lines.values()] == [2, 2, 0]
    assert "over" in lines["me/1"].taken[1]


async def test_told_in_the_channels_language(lines: Mapping[str, Line]) -> None:
    """As all that goes by the outbox; in English where it has none."""
    operator = [NotifyPolicy("me", ("me/1",)), NotifyPolicy("growth", ("growth/1",))]
    ways = {"me": Way(language=Language.CHINESE)}
    asked = DirectAlert(lambda: operator, lambda: lines, ways=lambda: ways)
    for _ in range(2):
        await asked.look("locked", NOW)
    assert lines["me/1"].taken[0].startswith("watcher：数据库故障: 在修复之前")
    assert lines["growth/1"].taken[0].startswith(TITLE)


async def test_what_passes_is_not_told(lines: Mapping[str, Line]) -> None:
    """A lock of some seconds, again and again."""
    asked = direct_alert(lines)
    for reason in ("locked", None, "locked", None):
        await asked.look(reason, NOW)
    assert lines["me/1"].taken == []


async def test_nobody_is_woken(lines: Mapping[str, Line]) -> None:
    """In quiet hours it waits; then it is told, if it still is so."""
    asked = direct_alert(lines, quiet="11:00-13:00")
    for _ in range(3):
        await asked.look("locked", NOW)
    assert lines["me/1"].taken == []
    await asked.look("locked", NOW + HOUR)
    assert len(lines["me/1"].taken) == 1


async def test_a_target_that_a_reload_removed(lines: Mapping[str, Line]) -> None:
    """It is not asked for ever: where it comes back later, it hears of no end."""
    targets: dict[str, Line] = {}
    asked = DirectAlert(lambda: [NotifyPolicy("me", ("me/1",))], lambda: targets)
    for _ in range(2):
        await asked.look("locked", NOW)
    await asked.look(None, NOW)
    targets["me/1"] = lines["me/1"]
    await asked.look(None, NOW)
    assert lines["me/1"].taken == []


@dataclass
class Town:
    """Two books of one process, whose operators have the same line under two names."""

    line: Line = field(default_factory=Line)
    told_by: dict[object, DirectAlert] = field(default_factory=dict)

    def book(self, name: str) -> DirectAlert:
        """The direct alert of one of them."""
        operator = [NotifyPolicy(name, (f"{name}/1",))]
        return DirectAlert(
            lambda: operator,
            lambda: {f"{name}/1": self.line},
            address=lambda _target: "https://example.com/hook",
            told_by=self.told_by,
        )


async def look(reason: str | None, *alerts: DirectAlert) -> None:
    """So often that it is told, by each in turn."""
    for _ in range(3):
        for each in alerts:
            await each.look(reason, NOW)


async def test_of_the_books_of_one_process_one_tells() -> None:
    """That it begins, and that it is over, whichever is better first; and so the next time."""
    town = Town()
    one, two = town.book("one"), town.book("two")
    for times in (1, 2):
        await look("the server is away", one, two)
        assert len(town.line.taken) == 2 * times - 1
        assert (one.told, two.told) == (True, True)
        await look(None, two)
        assert len(town.line.taken) == 2 * times - 1
        await look(None, one)
        assert len(town.line.taken) == 2 * times
        assert "over" in town.line.taken[-1]
        assert (one.told, two.told) == (False, False)


async def test_who_could_not_tell_leaves_it_to_another() -> None:
    """And whoever did tell that it began tells its end, too, until it is taken."""
    town = Town(Line(OutcomeKind.RETRY))
    one, two = town.book("one"), town.book("two")
    await look("the server is away", one)
    assert not one.told
    town.line.kind = OutcomeKind.SENT
    await look("the server is away", two)
    assert len(town.line.taken) == 1
    town.line.kind = OutcomeKind.RETRY
    await look(None, one, two)
    assert two.told
    town.line.kind = OutcomeKind.SENT
    await look(None, one, two)
    assert len(town.line.taken) == 2


async def test_the_word_of_an_outage_needs_no_lease() -> None:
    """Of its begin and of its end: who can't reach the database has no lease that is certain."""

    class Asking(Line):
        """A line that asks, as Apprise's requests do."""

        async def send(self, rendered: Rendered, /, *_: object, **__: object) -> SendOutcome:
            assert may_send.get()()
            return await Line.send(self, rendered)

    town = Town(Asking())
    token = may_send.set(lambda: False)
    try:
        await look("the server is away", alert := town.book("one"))
        assert len(town.line.taken) == 1
        await look(None, alert)
        assert not may_send.get()()  # of all else
    finally:
        may_send.reset(token)
    assert len(town.line.taken) == 2


def test_the_same_url_is_one_address() -> None:
    """Whatever two books call it; another URL is another."""
    text = "channels: {{{}: {{url: '{}'}}}}\noperator: [{}]\n{}"
    rules = RULES.partition("defaults:")[2].replace("notify: [me]", "notify: [{}]")

    def address(name: str, url: str) -> object:
        written = text.format(name, url, name, f"defaults:{rules.replace('{}', name)}")
        return address_of(load_text(written, env=ENV), f"{name}/1")

    one, two = address("me", "json://127.0.0.1:9/"), address("us", "json://127.0.0.1:9/")
    assert {one: 1}.get(two) == 1
    assert address("us", "json://127.0.0.1:8/") != one
    assert "127.0.0.1" not in repr(one)
