"""What became of what was told of groups, and what a message's picture draws of them."""

from __future__ import annotations

import pytest

from tests.fakes.two_sellers import GLOW, OTHER, RULES, SUBJECT, Shelves, shelves
from tests.store.making import DAY
from watcher.alert import Alert
from watcher.analysis.explain import explain
from watcher.analysis.groups import group_history
from watcher.analysis.scores.claims import Measure, claim_of
from watcher.analysis.scores.score import score
from watcher.model import Verdict
from watcher.notification.charting import chart_of
from watcher.store.ports import Store
from watcher.subjects import BY
from watcher.text.messages import subjects_of, title_of


@pytest.mark.parametrize(
    ("later", "line"),
    [
        ([55.0, 58.0, 80.0], "1 0 0 0"),
        ([55.0, 8.0, 7.0], "0 1 0 0"),
        ([55.0, 58.0], "0 0 0 1"),
        ([], "0 0 0 1"),
    ],
    ids=["went on", "fell back", "too small a group", "left"],
)
def test_whether_it_still_held(store: Store, later: list[float], line: str) -> None:
    """By the figures that are kept of the group 14 days later, as its rule's first level asks."""
    made = shelves(store)
    world, rule = made.world, made.world.book.rules[0]
    assert claim_of(rule).measure is Measure.STATE
    (one,) = store.outbox.waiting_for("me/1")
    store.outbox.sent(one.id, world.now + 61, "200")
    for _ in range(21):
        made.scan({GLOW: later, OTHER: [5.0, 6.0, 7.0, 8.0]})
    (found,) = score(store, world.book, [rule], 90, world.now + DAY).rules
    tally = found.tally
    counts = (tally.went_on, tally.fell_back, tally.too_young, tally.unknown)
    assert (tally.told, found.of_groups) == (1, True)
    assert " ".join(map(str, counts)) == line


def test_a_change_of_a_group_is_only_counted(store: Store) -> None:
    """For a sum's rise is that of the products of both times: there is no level to ask for."""
    change = RULES.replace("{strong: {at_least: 2}, gmv: {above: 100}}", "{gmv: {rises: 30%}}")
    book = Shelves(store, change).world.book
    assert claim_of(book.rules[0]).measure is Measure.NONE


def test_a_picture_of_a_figure(store: Store) -> None:
    """The first that the strongest group's reasons name, at each scan."""
    made = shelves(store)
    (message,) = made.world.told()
    assert title_of(message) == "[info] strong-shelf: 1 seller (US)"
    chart = chart_of(store, made.world.book, message)
    assert chart is not None
    assert (chart.label, chart.unit) == ("strong", "count")
    (line,) = chart.series
    assert (line.name, line.product_id) == ("Glow <Lab>", SUBJECT)
    assert [value for _, value in line.points] == [1, 1, 1, 3, 3]
    assert line.evidence is not None


def test_explained(store: Store) -> None:
    """On the groups of its newest scan, and on the last that had it, where it is too small now."""
    made = shelves(store)
    book, rule = made.world.book, made.world.book.rules[0]
    (facts,) = store.history.find(SUBJECT)
    found = explain(store, book, rule, facts, made.world.now + 60)
    assert (found.product.name, found.listed) == ("Glow <Lab>", True)
    assert found.when.verdict is Verdict.MET
    assert isinstance(found.alert, Alert)
    at = made.world.now
    made.scan({GLOW: [55.0, 58.0], OTHER: [5.0, 6.0, 7.0, 8.0]})
    found = explain(store, book, rule, facts, made.world.now + 60)
    assert (found.judged_at, found.listed) == (at, False)
    assert [note for note in found.notes if "missing from the newest complete scan" in note]


@pytest.mark.parametrize(
    ("figures", "first"),
    [("each: less / size, hot: {count: {rank: 1}}, less: {sum: lack}", "10"),
     ("each: hot / size, hot: {count: {rank: 1}}, place: {min: rank}", "12")],
)  # fmt: skip
def test_its_products_stand_by_what_its_figures_are_of(
    store: Store, figures: str, first: str
) -> None:
    """The first metric of products that a list has; without one by what is sold."""
    rules = RULES[: RULES.index("    metrics:")] + f"    metrics: {{{figures}}}\n"
    rules += "metrics: {lack: 0 - total_sale_7d_cnt}\nrules:\n"
    made = Shelves(store, rules + "  - {name: r, watch: shelves, when: {size: 3}}\n")
    made.scan({GLOW: [55.0, 58.0, 80.0]})
    (facts,) = store.history.find(SUBJECT)
    past = group_history(store, made.world.book, facts, 0)
    assert past.lists[0].members[0].product_id == first


@pytest.mark.parametrize("by", BY)
def test_every_kind_of_group(store: Store, by: str) -> None:
    """Is explained, has a past and products, is found by what it is of, and has a noun."""
    made = Shelves(store, RULES.replace("by: seller_id", f"by: {by}"))
    for _ in range(2):
        made.scan({GLOW: [55.0, 58.0, 80.0], OTHER: [5.0, 6.0, 7.0, 8.0]})
    book, now = made.world.book, made.world.now
    value = {"watch": "bestsellers", "seller_id": GLOW}.get(by, GLOW[-6:])
    ((region, subject),) = store.browsing.groups(value, ())
    assert (region, subject) == ("US", f"{by}={value}")
    (facts,) = store.history.find(subject)
    size = 7 if by == "watch" else 3
    past = group_history(store, book, facts, now - 30 * DAY)
    assert [track.name for track in past.tracks] == ["gmv", "strong", "per_product", "size"]
    assert past.tracks[-1].values.tolist() == [size, size]
    assert [(each.size, len(each.members)) for each in past.lists] == [(size, size)]
    found = explain(store, book, book.rules[0], facts, now + 60)
    assert found.when.verdict is Verdict.MET
    called = "Glow <Lab>" if by == "seller_id" else f"{BY[by].one} {value}"
    assert found.product.name == called
    (message,) = made.world.told()
    assert title_of(message) == f"[info] strong-shelf: 1 {BY[by].one} (US)"
    assert message.items[0].name == called
    assert subjects_of(2, 0, by) == f"2 {BY[by].many}"
