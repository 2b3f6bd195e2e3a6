"""What the watches will cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from watcher.analysis.forecast import forecast
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.store.records import Spent
from watcher.units import DAY, HOUR

MIDNIGHT = 20_000 * DAY


def book(api: str, *watches: str) -> Rulebook:
    """A rule on each of these watches."""
    rules = "".join(
        f"  - {{name: r{number}, watch: {{region: US, {watch}}}, when: {{rank: 1}}}}\n"
        for number, watch in enumerate(watches)
    )
    return load_text(f"api: {{{api}}}\nrules:\n{rules}")


def test_costs_by_watch() -> None:
    """Requests a scan, scans a day, credits a day and a month, and the sum."""
    read = forecast(
        book(
            "",
            "sort: total_sale_cnt, top: 200",
            "sort: spu_avg_price, top: 15, every: 6h",
            'sort: total_sale_7d_cnt, top: 10, every: "0 9 * * *"',
        ),
        {},
        MIDNIGHT,
    )
    assert [(cost.requests, round(cost.scans_a_day, 2)) for cost in read.watches] == [
        (20, 1),
        (2, 4),
        (1, 1),
    ]
    assert (read.credits_a_day, read.credits_a_month) == (29, 870)
    assert read.warnings == ()


def test_a_list_that_ended_early_costs_less() -> None:
    """What the history knows of a list's length counts, and the request that shows its end."""
    rules = book("", "sort: total_sale_cnt, top: 200")
    (watch,) = rules.used_watches
    for pages, cost in ((1, 2), (3, 4), (19, 20), (20, 20), (0, 20)):
        assert forecast(rules, {watch.key: pages}, MIDNIGHT).credits_a_day == cost


def test_the_day_cap() -> None:
    """The first scan that does not fit is named with its time."""
    rules = book("credits_per_day: 50", "sort: total_sale_cnt, top: 200, every: 8h")
    (warning,) = forecast(rules, {}, MIDNIGHT).warnings
    (watch,) = rules.used_watches
    third = watch.schedule.next(MIDNIGHT + DAY - 1) + 16 * HOUR
    assert "50 credits a day does not suffice" in warning
    assert f"{third % DAY // HOUR:02}:" in warning


def test_the_day_cap_and_priorities() -> None:
    """The scan that is skipped is of the lower priority, though it comes first."""
    low = "sort: total_sale_cnt, top: 200, every: '0 1 * * *'"
    high = "sort: spu_avg_price, top: 200, every: '0 9,15 * * *'"
    rules = book("credits_per_day: 50", low, high)
    (warning,) = forecast(rules, {}, MIDNIGHT).warnings
    assert 'the scan of "r1" at 15:00 UTC no longer fits' in warning
    ranked = replace(rules, rules=(rules.rules[0], replace(rules.rules[1], priority=1)))
    (warning,) = forecast(ranked, {}, MIDNIGHT).warnings
    assert 'the scan of "r0" at 01:00 UTC no longer fits' in warning


def test_a_caps_time_is_of_the_rule_files_zone() -> None:
    """The day on which it does not fit may be another there."""
    rules = book("credits_per_day: 50", "sort: total_sale_cnt, top: 200, every: '0 1,9,20 * * *'")
    (warning,) = forecast(rules, {}, MIDNIGHT).warnings
    assert "at 20:00 UTC no longer fits" in warning
    (there,) = forecast(replace(rules, timezone="Asia/Shanghai"), {}, MIDNIGHT).warnings
    assert "at 04:00 Asia/Shanghai no longer fits" in there
    days = [
        int(each.partition(" does not suffice: on ")[2].split()[0]) for each in (warning, there)
    ]
    assert days[1] == days[0] + 1


def test_the_month_cap() -> None:
    """Days until the month's cap is reached, at what the day's cap lets through."""
    rules = book("credits_per_month: 100, credits_per_day: 20", "sort: total_sale_cnt, top: 100")
    (warning,) = forecast(rules, {}, MIDNIGHT).warnings
    assert "100 credits a month does not suffice" in warning
    assert "after 10 days" in warning


def test_a_cap_that_suffices_says_nothing() -> None:
    """Exactly enough is enough."""
    api = "credits_per_day: 10, credits_per_month: 310"
    assert forecast(book(api, "sort: total_sale_cnt, top: 100"), {}, MIDNIGHT).warnings == ()


def test_what_is_spent_counts_in_this_month() -> None:
    """The day on which the month's cap will be hit, from what is used of it already."""
    rules = book("credits_per_month: 300", "sort: total_sale_cnt, top: 100")
    tenth = at_day("2026-11-10")
    (warning,) = forecast(rules, {}, tenth, Spent(0, 200)).warnings
    assert "200 are used, and at 10 a day it is reached on about 20 November" in warning
    (warning,) = forecast(rules, {}, tenth, Spent(0, 300)).warnings
    assert "it is reached already" in warning
    assert forecast(rules, {}, at_day("2026-11-28"), Spent(0, 200)).warnings == ()


def test_what_is_spent_counts_today() -> None:
    """The day's cap may be hit today, though on other days it suffices."""
    rules = book("credits_per_day: 50", "sort: total_sale_cnt, top: 100, every: '0 12 * * *'")
    now = at_day("2026-11-10")
    assert forecast(rules, {}, now, Spent(40, 40)).warnings == ()
    (warning,) = forecast(rules, {}, now, Spent(41, 41)).warnings
    assert "on 10 November the scan of" in warning


def at_day(day: str) -> int:
    """Midnight UTC."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def test_groups_cost_nothing_of_their_own() -> None:
    """A group that an enabled rule speaks of is named with what is counted of it; its list is
    bought once, whoever reads it."""
    text = """
watches: {best: {region: US, sort: total_sale_7d_cnt desc, top: 100}}
groups:
  shelves: {of: best, by: seller_id, metrics: {units: {sum: total_sale_7d_cnt}}}
  idle: {of: best, by: watch}
rules:
  - {name: a, watch: shelves, when: {units: {at_least: 100}}}
  - {name: b, watch: best, when: {rank: 1}}
  - {name: c, watch: idle, when: {size: {at_least: 9}}, enabled: false}
"""
    found = forecast(load_text(text), {}, MIDNIGHT)
    assert found.credits_a_day == 10
    (group,) = found.groups
    assert (group.group, group.by, group.watches) == ("shelves", "seller_id", ("best",))
    assert (group.figures, group.rules) == (("size", "units"), ("a",))
