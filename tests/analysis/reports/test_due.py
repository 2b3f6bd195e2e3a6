"""When a report is told: at its time, once, late after an outage, never of the time before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.fakes.reported import HEAD, Market, P
from tests.store.making import DAY
from watcher.analysis.reports import due
from watcher.analysis.reports.due import LATEST, latest, statuses, sweep
from watcher.message import Message
from watcher.model import Instant, Severity
from watcher.notification.coalesce import join_backlog
from watcher.notification.policy import policies_of
from watcher.schedule import Cron
from watcher.store.ports import Store
from watcher.text.messages import title_of
from watcher.units import HOUR, MINUTE

BERLIN = "Europe/Berlin"
DAILY = "reports: {daily: {at: '08:00', watch: best, notify: %s}}"


def _at(text: str, zone: str = "UTC") -> Instant:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


MONDAY = _at("2023-11-20 08:00")


def _march(market: Market, moments: Iterable[Instant]) -> list[Instant]:
    """The times at which a sweep tells something."""
    policies = policies_of(market.book.channels)
    return [now for now in moments if sweep(market.database, market.book, policies, now)]


def _minutes(begin: Instant, end: Instant) -> range:
    return range(begin, end, MINUTE)


def _messages(store: Store, target: str = "me/1") -> list[Message]:
    return [each.message for each in store.outbox.waiting_for(target)]


def test_a_report_is_told_once(store: Store) -> None:
    """At its time, though nothing fired, with what is known then; and the week after."""
    market = Market(store)
    market.scan(MONDAY - 7 * DAY - HOUR, {"1": P(100)})
    market.scan(MONDAY - HOUR, {"1": P(150)})
    assert _march(market, _minutes(MONDAY - HOUR, MONDAY + HOUR)) == [MONDAY]
    (message,) = _messages(store)
    assert (message.kind, title_of(message)) == ("report", "weekly: +50% 7-day GMV of best (US)")
    assert message.report is not None
    assert (message.report.due, message.report.late) == (MONDAY, False)
    week = _march(market, range(MONDAY + HOUR, MONDAY + 15 * DAY, HOUR))
    assert week == [MONDAY + 7 * DAY, MONDAY + 14 * DAY]


def test_a_new_report_tells_nothing_of_before(store: Store) -> None:
    """Nor does one that was renamed, has other times, or comes back."""
    market = Market(store)
    assert _march(market, _minutes(MONDAY + MINUTE, MONDAY + 5 * HOUR)) == []
    market.reread("reports: {monday: {at: '0 8 * * mon', watch: best}}")
    assert _march(market, _minutes(MONDAY + 5 * HOUR, MONDAY + 6 * HOUR)) == []
    market.reread("reports: {monday: {at: '0 13 * * mon', watch: best}}")
    assert _march(market, _minutes(MONDAY + 6 * HOUR, MONDAY + 7 * HOUR)) == []
    market.reread("")
    assert _march(market, [MONDAY + 7 * HOUR]) == []
    assert store.reports.states() == {}
    market.reread("reports: {monday: {at: '0 13 * * mon', watch: best}}")
    assert _march(market, _minutes(MONDAY + 7 * HOUR, MONDAY + 8 * HOUR)) == []


def test_another_edit_keeps_what_is_owed(store: Store) -> None:
    """Of what it shows, or whom it tells."""
    market = Market(store)
    _march(market, [MONDAY - HOUR])
    market.reread("reports: {weekly: {at: '0 8 * * mon', watch: rival, notify: boss}}")
    assert _march(market, [MONDAY + HOUR, MONDAY + HOUR + 1]) == [MONDAY + HOUR]
    assert not _messages(store)
    assert len(_messages(store, "boss/1")) == len(_messages(store, "boss/2")) == 1


@pytest.mark.parametrize(("late", "told"), [(HOUR, True), (LATEST, True), (LATEST + 1, False)])
def test_after_an_outage(store: Store, late: int, told: bool) -> None:
    """Up to twelve hours late; later it is skipped, which the status says."""
    market = Market(store)
    _march(market, [MONDAY - DAY])
    (status,) = statuses(store, market.book, MONDAY + late)
    assert status.next == (MONDAY if told else MONDAY + 7 * DAY)
    assert bool(_march(market, [MONDAY + late])) is told
    assert _march(market, [MONDAY + late + 1]) == []
    (status,) = statuses(store, market.book, MONDAY + late + 1)
    assert status.next == MONDAY + 7 * DAY
    assert (status.told, status.skipped) == ((MONDAY + late, None) if told else (None, MONDAY))
    if told:
        report = _messages(store)[0].report
        assert report is not None
        assert (report.due, report.late) == (MONDAY, True)


def test_of_several_that_were_missed_the_last_is_told(store: Store) -> None:
    """One, not a heap; weeks later none."""
    market = Market(store, DAILY % "me")
    _march(market, [MONDAY])
    assert _march(market, [MONDAY + 9 * DAY + HOUR, MONDAY + 9 * DAY + 2 * HOUR]) == [
        MONDAY + 9 * DAY + HOUR
    ]
    assert len(_messages(store)) == 1
    assert latest(Cron("* * * * *"), MONDAY - 900 * DAY, MONDAY + 5) == MONDAY
    assert latest(Cron("0 8 * * mon"), MONDAY, MONDAY + 20 * DAY) == MONDAY + 14 * DAY
    assert latest(Cron("0 8 * * mon"), MONDAY, MONDAY + 7 * DAY - 1) is None


def test_what_fails_halfway_is_told_later(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the message and the note that it was told nothing is left behind."""
    market = Market(store)
    _march(market, [MONDAY - DAY])

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(store.reports), "told", fail)
        with pytest.raises(KeyboardInterrupt):
            _march(market, [MONDAY])
    assert _messages(store) == []
    assert _march(market, [MONDAY + MINUTE, MONDAY + 2 * MINUTE]) == [MONDAY + MINUTE]
    assert len(_messages(store)) == 1


def test_quiet_hours_are_kept(store: Store) -> None:
    """It is made at its time, and sent once they are over; nothing else holds it: no digest, no
    least severity, no number of messages a day, of which it is none."""
    head = HEAD.replace(
        '  me: {url: "json://localhost/"}',
        '  me: {url: "json://localhost/", quiet: {hours: "22:00-09:30"}}\n'
        '  late: {url: "json://localhost/", digest: "20:00"}',
    )
    market = Market(store, DAILY % "[me, late, boss]", head)
    _march(market, [MONDAY - HOUR])
    assert _march(market, [MONDAY, MONDAY + MINUTE, MONDAY + 2 * HOUR]) == [MONDAY]
    due_at = {each.target: each.next_try for each in store.outbox.list()}
    assert due_at == {
        "me/1": MONDAY + 90 * MINUTE, "late/1": MONDAY, "boss/1": MONDAY, "boss/2": MONDAY,
    }  # fmt: skip
    assert store.outbox.told_since("boss", MONDAY - DAY) == 0


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2024-03-31", ["2024-03-31 01:00"]),  # 2:30 is skipped: at 3:00 CEST
        ("2024-10-27", ["2024-10-27 00:30"]),  # 2:30 comes twice: at the first
        ("2024-06-03", ["2024-06-03 00:30"]),
    ],
)
def test_clocks_that_are_set(store: Store, day: str, told: list[str]) -> None:
    """A wall clock's time comes once a day."""
    reports = f"reports: {{r: {{at: '02:30', timezone: {BERLIN}, watch: best}}}}"
    market = Market(store, reports)
    begin = _at(f"{day} 00:00", BERLIN)
    found = _march(market, _minutes(begin, begin + 8 * HOUR))
    assert [f"{datetime.fromtimestamp(each, UTC):%Y-%m-%d %H:%M}" for each in found] == told


def test_a_clock_that_was_ahead(store: Store) -> None:
    """What was told by it counts as told now: the next time comes."""
    market = Market(store)
    _march(market, [MONDAY - DAY, MONDAY + 700 * DAY])
    store.times.mend(MONDAY - HOUR)
    assert _march(market, [MONDAY - HOUR, MONDAY, MONDAY + MINUTE]) == [MONDAY]


def test_nobody_is_told(store: Store) -> None:
    """A report for ``watcher report`` alone counts as told; a channel that is gone is nobody."""
    market = Market(store, "reports: {r: {at: '08:00', watch: best, notify: []}}")
    assert _march(market, [MONDAY - HOUR, MONDAY]) == []
    assert store.reports.states()["r"].told == MONDAY
    assert due.LATEST == 12 * HOUR


def test_a_report_is_never_joined(store: Store) -> None:
    """What piled up beside it for a target that was down is; the report is sent as it is."""
    market = Market(store, DAILY % "me")
    trouble = Message("operator", "", Severity.WARNING, MONDAY, cause="x", text="trouble")

    def waits() -> list[str]:
        return [each.kind for each in _messages(store)]

    _march(market, [MONDAY - HOUR])
    store.outbox.add("me", ["me/1"], trouble, MONDAY - HOUR)
    assert _march(market, [MONDAY]) == [MONDAY]
    late = MONDAY + HOUR
    assert not join_backlog(store, market.book, "me/1", late)
    store.outbox.add("me", ["me/1"], trouble, MONDAY)
    assert waits() == ["operator", "report", "operator"]
    assert join_backlog(store, market.book, "me/1", late)
    assert waits() == ["report", "joined"]
    assert not join_backlog(store, market.book, "me/1", late)
    assert _messages(store)[0].report is not None
