"""Every command shows times of the rule file's zone, and lives in the time of its daemon."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.cli.running import Command
from tests.fakes.world import HEAD
from tests.web.furnished import RULES, furnish
from watcher.cli.main import COMMANDS
from watcher.daemon.clock import FastClock, keep_clock
from watcher.model import Instant
from watcher.store.sqlite.database import Database
from watcher.units import HOUR, format_instant

ZONE = "Asia/Shanghai"
# A time with another zone, by whatever name.
OTHER = re.compile(r"\d\d:\d\d \(?(?!Asia/Shanghai)([A-Z]{2,}|[+-]\d\d)|\b(CST|UTC|GMT)\b")
FAR = re.compile(r"\b\d{3,}d")  # as lies between the market's time and the machine's
ASKED = {
    "links": ("links", "list"),
    "report": ("report",),
    "check": ("check",),
    "once": ("once", "--dry-run"),
    "status": ("status",),
    "alerts": ("alerts",),
    "product": ("product", "1"),
    "explain": ("explain", "taking-off", "1"),
    "backtest": ("backtest", "taking-off"),
    "score": ("score", "taking-off"),
    "tune": ("tune", "taking-off"),
    "silence": ("silence", "add", "--rule", "x", "--for", "2d"),
    "outbox": ("outbox", "list"),
    "db": ("db", "stats"),
    "follow": ("follow", "1729873073559015752"),
    "followed": ("followed",),
    "people": ("people", "add", "ann", "--role", "edit"),
    "audit": ("audit",),
}
# They start a daemon or ask it, show no time, or give it to programs, in UTC.
OTHERS = {
    "run", "demo", "health", "init", "export", "test", "channel", "metrics", "schema", "completion",
    "page", "books", "rules", "unfollow", "source",
}  # fmt: skip


@pytest.fixture
def now(folder: Path) -> Instant:
    """A database with 40 days of past, whose daemon lives in a market's time of 2023."""
    head = HEAD.replace("defaults: {", f"defaults: {{timezone: {ZONE}, ")
    caps = "api: {credits_per_day: 1, key: a, url: 'http://127.0.0.1:9'}\n"
    (folder / "rules.yaml").write_text(caps + head + RULES, encoding="utf-8")
    path = folder / "watcher.db"
    with Database.open(path) as database:
        world = furnish(database)
    keep_clock(path, FastClock(world.now + 2 * HOUR, speed=1))
    return world.now


def test_every_command_is_asked() -> None:
    """A new one shows times, or is among those that do not."""
    assert {name for name, _ in COMMANDS} == set(ASKED) | OTHERS


@pytest.mark.parametrize("name", sorted(set(ASKED) - {"once"}))
def test_times_are_of_the_zone_and_the_market(watcher: Command, now: Instant, name: str) -> None:
    """The zone by its name, never as CST, which is three zones; nothing is years away."""
    result = watcher(*ASKED[name])
    assert result.code == 0, result.err
    assert not OTHER.search(result.out)
    assert not FAR.search(result.out)
    assert now


def test_the_zone_is_named(watcher: Command, now: Instant) -> None:
    """Where a time is shown: the same instants as before, on the zone's wall clock."""
    seen = format_instant(now, ZoneInfo(ZONE))
    assert seen.endswith(" 06:13 Asia/Shanghai")
    assert f"last {seen} (2h ago)" in watcher(*ASKED["product"]).out
    assert "last 30 days (Asia/Shanghai)" in watcher(*ASKED["product"]).out
    assert f"newest scan: {seen} (2h ago)" in watcher(*ASKED["explain"]).out
    assert f" to {seen}" in watcher(*ASKED["backtest"]).out
    assert "08:13 Asia/Shanghai; `watcher silence end 1`" in watcher(*ASKED["silence"]).out


def test_a_silence_is_on_in_the_markets_time(watcher: Command, now: Instant) -> None:
    """Made beside a simulated market it holds there, and ends there."""
    watcher(*ASKED["silence"])
    with Database.open(Path("watcher.db"), readonly=True) as database:
        (silence,) = database.silences.list()
        assert silence.is_on(now + 24 * HOUR)
    assert watcher("silence", "end", "1").code == 0
    assert "is over since" in watcher("silence", "end", "1").err
    assert "Asia/Shanghai" in watcher("silence", "end", "1").err


def test_a_day_is_one_of_the_zone(watcher: Command, now: Instant) -> None:
    """``2023-12-24`` begins at midnight in Shanghai; ``3h`` are counted from the market's now."""
    day, before = format_instant(now)[:10], ("export", "--what", "scans", "--since")
    assert (now % (24 * HOUR)) > 16 * HOUR  # in Shanghai it is the next day already
    count = len(watcher(*before, day).out.splitlines())
    assert len(watcher(*before, f"{day}T06:14").out.splitlines()) == count - 1
    assert len(watcher(*before, "3h").out.splitlines()) == 2


def test_without_a_rule_file_times_are_utc(watcher: Command, now: Instant) -> None:
    """Or with one that can't be read: what does without the rules goes on."""
    Path("rules.yaml").write_text("rules: [", encoding="utf-8")
    assert " UTC; " in watcher(*ASKED["silence"]).out
    Path("rules.yaml").unlink()
    assert f"last {format_instant(now)} (2h ago)" in watcher(*ASKED["product"]).out


def test_a_dry_run_lives_in_the_markets_time(watcher: Command, now: Instant) -> None:
    """What is not due is due in hours, not in years."""
    database = Path("watcher.db")
    keep_clock(database, FastClock(now + 60, speed=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os._exit", _exit)
        out = watcher(*ASKED["once"]).out
    assert "Asia/Shanghai" in out
    assert not OTHER.search(out)
    assert not FAR.search(out)


def _exit(code: int) -> None:
    raise SystemExit(code)
