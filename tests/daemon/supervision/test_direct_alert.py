"""Word to the operator where nothing can be written down."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from watcher.daemon.supervision.health import DirectAlert
from watcher.delivery.rendered import LONGEST, Attachment, OutcomeKind, Rendered, SendOutcome, Style
from watcher.notification.policy import NotifyPolicy
from watcher.schedule import parse_quiet
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
