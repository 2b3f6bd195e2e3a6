"""``every: refresh`` in rule files: how it is read, what it costs, and rule tests of it."""

from __future__ import annotations

import pytest

from watcher import plan
from watcher.analysis.forecast import forecast
from watcher.errors import RulesError
from watcher.model import ScanState
from watcher.region_plan import regions_of
from watcher.rules.files.loading import load_text
from watcher.schedule import Cron, Every, Refresh
from watcher.store.records import ScanRow
from watcher.units import DAY, HOUR, MINUTE

RULES = """
api: {{key: k{api}}}
defaults: {{region: US, every: {every}}}
watches:
  a: {{sort: total_sale_7d_cnt, top: 100}}
  b: {{region: GB, top: 20, every: 24h}}
  c: {{region: GB, top: 30, every: Refresh}}
rules:
  - {{name: r, watch: [a, b, c], when: {{review_count: {{at_least: 1}}}}}}
"""
NOW = 20_000 * DAY


def test_it_stands_in_defaults_and_in_a_watch() -> None:
    """In any case; the region is the watch's. An interval beside it stays one."""
    book = load_text(RULES.format(every="refresh", api=""))
    schedules = {watch.name: watch.schedule for watch in book.used_watches}
    assert schedules["a"] == Refresh("US")
    assert schedules["c"] == Refresh("GB")
    assert isinstance(schedules["b"], Every)
    assert list(regions_of(book)) == ["GB", "US"]
    assert (book.api.probes_per_day, book.api.settle) == (6, 15 * MINUTE)
    assert [str(each) for each in schedules.values()].count("every refresh") == 2


@pytest.mark.parametrize(
    ("every", "api", "said"),
    [
        ("refesh", "", 'did you mean "refresh"?'),
        ("soon", "", "or refresh"),
        ("refresh", ", probes_per_day: 0", "probes_per_day"),
        ("refresh", ", probes_per_day: 1.5", "probes_per_day"),
        ("refresh", ", settle: 2d", "settle"),
    ],
)
def test_slips_are_said(every: str, api: str, said: str) -> None:
    """With the nearest name, or what can stand there."""
    with pytest.raises(RulesError) as raised:
        load_text(RULES.format(every=every, api=api))
    assert said in str(raised.value)


def test_probes_are_in_the_forecast() -> None:
    """By region, and in the sums."""
    book = load_text(RULES.format(every="refresh", api=", probes_per_day: 2"))
    costs = forecast(book, {}, NOW)
    assert [(each.region, each.usual, each.most) for each in costs.probes] == [
        ("GB", 2, 2), ("US", 2, 2),
    ]  # fmt: skip
    assert costs.credits_a_day == 10 + 2 + 3 + 2 * 2
    assert not forecast(
        load_text(RULES.format(every="24h", api="").replace("Refresh", "12h")), {}, NOW
    ).probes


def test_once_reads_it_as_a_daily_list() -> None:
    """Nobody probes for a run that a cron job starts."""
    scan = ScanRow(
        1, "w", "US", NOW, NOW, NOW, ScanState.COMPLETE, 1, 1, 1, 1, None, interrupted=False
    )
    assert plan.due_without_timers(Refresh("US"), [], NOW) <= NOW
    due = plan.due_without_timers(Refresh("US"), [scan], NOW + HOUR)
    assert NOW + 20 * HOUR < due < NOW + DAY
    cron = plan.due_without_timers(Cron("0 9 * * *"), [scan], NOW + HOUR)
    assert cron == NOW + 9 * HOUR
