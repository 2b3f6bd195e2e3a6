"""The ``reports:`` section."""

from __future__ import annotations

import pytest

from tests.rules.tables import problems_of
from watcher.rules.files.loading import load_text
from watcher.rules.report import PlannedReport, ShownParts
from watcher.rules.rulebook import Rulebook
from watcher.schedule import Cron
from watcher.units import DAY, HOUR

NOTHING = "{movers: 0, entered: 0, left: 0, sellers: 0, prices: 0, alerts: false}"
HEAD = """
channels: {me: {url: "json://x"}, boss: {url: "json://x"}}
defaults: {region: US, timezone: Europe/Berlin, notify: me}
watches:
  best: {sort: total_sale_7d_cnt desc}
  seldom: {sort: total_sale_7d_cnt desc, top: 20, every: 30d}
  mine: {products: ["1729873073559015752"]}
groups: {shelves: {of: best, by: seller_id}}
rules: [{name: r, watch: best, when: {review_count: 1}}]
reports:
"""


def _book(report: str, name: str = "monday") -> Rulebook:
    return load_text(f"{HEAD}  {name}: {report}\n")


def _report(report: str) -> PlannedReport:
    (found,) = _book(report).reports
    return found


def _warnings(report: str) -> list[str]:
    return [each.message for each in _book(report).warnings if each.path.startswith("reports")]


def test_what_is_left_out() -> None:
    """The defaults' zone and channels, GMV, a week, and every part."""
    found = _report("{at: '0 8 * * mon', watch: best}")
    assert (found.name, found.at) == ("monday", Cron("0 8 * * mon", "Europe/Berlin"))
    assert (found.order_by.name, found.rising) == ("total_sale_gmv_7d_amt", None)
    assert (found.compare, found.show, found.notify) == (7 * DAY, ShownParts(), ("me",))
    assert [watch.name for watch in found.watches] == ["best"]
    assert found.regions == ("US",)


def test_what_is_given() -> None:
    """A time of day; words as people write them; 0 and false for none, true for the usual."""
    found = _report(
        "{at: '8:05', timezone: UTC, watch: [best, mine], order_by: rank change asc, "
        "compare: 30d ago, show: {movers: 3, left: 0, prices: false, sellers: true, alerts: 2}, "
        "notify: [boss, me]}".replace("[best, mine]", "[best, seldom]")
    )
    assert found.at == Cron("5 8 * * *", "UTC")
    assert (found.order_by.name, found.rising) == ("rank", False)
    assert (found.compare, found.notify) == (30 * DAY, ("boss", "me"))
    assert found.show == ShownParts(movers=3, entered=5, left=0, sellers=5, prices=0, alerts=2)
    assert _report("{at: '8:05', watch: best, compare: 12h}").compare == 12 * HOUR


def test_its_lists_are_read() -> None:
    """Also those that no rule uses."""
    found = _book("{at: '08:00', watch: mine}")
    assert {watch.name for watch in found.used_watches} == {"best", "mine"}
    assert not any("watches.mine" in each.path for each in found.warnings)
    written = _book("{at: '08:00', watch: {sort: total_sale_7d_cnt desc, top: 70}}")
    assert "monday (report)" in {watch.name for watch in written.used_watches}


def test_who_is_told_by_a_report_is_told_something() -> None:
    """A channel of a report alone is not unheard."""
    assert not any(
        each.path == "channels.boss"
        for each in _book("{at: '08:00', watch: best, notify: boss}").warnings
    )


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ("{at: '08:00', watch: bset}", 'unknown watch "bset", did you mean "best"?'),
        ("{at: '08:00', watch: shelves}", "name its watches, best"),
        ("{at: '08:00', watch: best, order_by: sales_grwth}", 'did you mean "sales_growth"'),
        ("{at: '08:00', watch: best, order_by: sales_flag}", "sales_flag is no amount"),
        (
            "{at: '08:00', watch: mine, order_by: rank}",
            "rank needs a watch with a sort",
        ),
        ("{at: '08:00', watch: best, order_by: rank up}", '"up" is no order'),
        ("{at: '08:00', watch: best, notify: bos}", 'unknown channel "bos", did you mean "boss"?'),
        ("{at: '08:00', watch: best, show: {entred: 1}}", 'unknown field "entred", did you mean'),
        ("{at: '08:00', watch: best, compare: 5m}", "compare: must be at least 3,600"),
        ("{at: '0 8 * * 1', watch: best}", "write the weekdays of"),
        ("{watch: best}", 'needs "at"'),
        ("{at: '08:00'}", 'needs "watch"'),
        ("8", "must be a mapping (at, watch, timezone, order_by ...)"),
        (f"{{at: '08:00', watch: best, show: {NOTHING}}}", "shows nothing"),
    ],
)
def test_errors(report: str, said: str) -> None:
    """Each says what is wrong, and what there is."""
    (problem,) = problems_of(f"{HEAD}  monday: {report}\n")
    assert said in problem


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ("{at: '08:00', watch: seldom}", "seldom is read every 30d, too seldom to be compared"),
        ("{at: '08:00', watch: best, compare: 700d}", "observations are kept for 400d"),
        ("{at: '*/5 * * * *', watch: best}", "is more often than hourly"),
        ("{at: '08:00', watch: best, notify: []}", "nobody is told"),
    ],
)
def test_doubts(report: str, said: str) -> None:
    """What works, and is hardly meant."""
    (warning,) = _warnings(report)
    assert said in warning


def test_a_name_stands_once() -> None:
    """As all names do."""
    text = f"{HEAD}  a: {{at: '08:00', watch: best}}\n"
    assert problems_of(text + "  a: {at: '09:00', watch: best}\n")
    assert len(load_text(text + "  b: {at: '09:00', watch: best}\n").reports) == 2
