"""``watcher report``: a report now, for people and programs, and when each is told."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.fakes.reported import HEAD, Market, P
from tests.store.making import DAY, START
from tests.text.pseudo import pseudo, unmarked
from watcher.analysis.reports.due import sweep
from watcher.notification.policy import policies_of
from watcher.store.sqlite.database import Database

NOW = START + 7 * DAY + 60
REPORTS = "reports: {weekly: {at: '0 8 * * mon', watch: best, show: {movers: 1}}}"


@pytest.fixture
def reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two lists, a week apart."""
    (folder / "rules.yaml").write_text(f"{HEAD}\n{REPORTS}\n", encoding="utf-8")
    monkeypatch.setattr("watcher.cli.options.time.time", lambda: NOW)
    with Database.open(folder / "watcher.db") as database:
        market = Market(database, REPORTS, HEAD)
        market.weeks({"1": P(100, 10), "2": P(9)}, {"1": P(180, 9), "2": P(12), "3": P(7)})
        sweep(database, market.book, policies_of(market.book.channels), START)
    return folder


def test_a_report_now(watcher: Command, reported: Path) -> None:
    """As text, and as JSON; nothing is sent, and it is told at its time all the same."""
    found = watcher("report", "weekly")
    assert found.code == 0
    for said in ("weekly: +76.1% 7-day GMV of best, 1 new (US)", "Moved most: 7-day GMV (2)",
                 "and 1 more", "No alert was told.", "GlowLab"):  # fmt: skip
        assert said in found.out
    told = json.loads(watcher("report", "weekly", "--json").out)
    assert [each["product_id"] for each in told["report"]["movers"]] == ["1"]
    with Database.open(reported / "watcher.db") as database:
        assert database.outbox.list() == []
        assert database.reports.states()["weekly"].told is None


def test_in_another_language(watcher: Command, reported: Path) -> None:
    """All of it, with each share in its column; JSON has the title alone in it."""
    with pseudo():
        found = watcher("report", "weekly", "--language", "zh").out
    data = ("weekly", "best", "US", "UTC", "Product", "GlowLab", "selling", "USD")
    assert unmarked(found, *data) == []
    told = watcher("report", "weekly", "--language", "zh").out
    assert "近7天GMV +76.1%，新上榜 1 个" in told
    assert re.search(r"100 +180 +\+80%", told)
    assert (
        json.loads(watcher("report", "weekly", "--language", "zh", "--json").out)["title"] in told
    )


def test_all_rows_as_csv(watcher: Command, reported: Path) -> None:
    """Also those that are not shown."""
    rows = [*csv.DictReader(io.StringIO(watcher("report", "weekly", "--csv").out.lstrip("\ufeff")))]
    assert [each["product_id"] for each in rows if each["part"] == "movers"] == ["1", "2"]
    # The heads are names, as those of ``export``, in every language.
    chinese = watcher("report", "weekly", "--csv", "--language", "zh", "--decimal", "comma").out
    head, first = chinese.lstrip("\ufeff").splitlines()[:2]
    assert head.split(";") == [*rows[0]]
    assert first.split(";")[7:11] == ["100", "180", "80", "80"]


def test_when_each_is_told(watcher: Command, reported: Path) -> None:
    """A table; ``check`` and ``status`` say so, too, and what was too late."""
    listed = watcher("report")
    assert "2023-11-27 08:00 UTC" in listed.out
    assert json.loads(watcher("report", "--json").out)["reports"][0]["name"] == "weekly"
    assert "Report weekly: at 0 8 * * mon, next at 2023-11-27 08:00 UTC; of best." in (
        watcher("check").out
    )
    with Database.open(reported / "watcher.db") as database:
        database.reports.skipped("weekly", START)
    for command in ("report", "status"):
        assert "weekly: skipped at 2023-11-14 22:13 UTC" in watcher(command).out


def test_a_name_that_is_none(watcher: Command, reported: Path) -> None:
    """The nearest one is said."""
    found = watcher("report", "weekyl")
    assert found.code == 1
    assert 'did you mean "weekly"?' in found.err
    assert watcher("report", "--csv").code == 2


def test_no_reports(watcher: Command, folder: Path) -> None:
    """The command says where to write one."""
    (folder / "rules.yaml").write_text(HEAD, encoding="utf-8")
    with Database.open(folder / "watcher.db"):
        pass
    assert "There are no reports" in watcher("report").out
