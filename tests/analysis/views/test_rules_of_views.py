"""The rule that is made of a view: the daemon that reads it selects what the view shows."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.analysis.views.drawing import FILTERS, drawn, ids, shelf_of, shown
from tests.fakes.listed import RULES, Shelf
from tests.store import making
from watcher.analysis.views.asked import asked_view
from watcher.analysis.views.columns import ListColumns
from watcher.analysis.views.picking import picked
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load, load_text
from watcher.rules.rulebook import Rulebook
from watcher.rules.sections.written_rules import watch_written, written_rule
from watcher.store.ports import Store

BY_ALERTS = "alerts.firing"


def rule_of(shelf: Shelf, query: str) -> str:
    """The YAML that is made of an address."""
    known = ListColumns(shelf.book.metrics, shelf.list)
    view, _ = asked_view(parse_qsl(query), known)
    found = picked(view, known, shelf.book, shelf.list)
    assert found.written is not None
    return written_rule(shelf.book, shelf.list, found.written)


def read(folder: Path, text: str, rules: str = RULES) -> Rulebook:
    """The user's rules and the new one, read by what reads the daemon's."""
    (folder / "rules.yaml").write_text(rules, "utf-8")
    (folder / "made.yaml").write_text(text, "utf-8")
    return load([folder], {"GLOW": "serum"})


def selected(shelf: Shelf, book: Rulebook, name: str) -> set[str]:
    """The products on which the rule fires, where it judges the last scan first."""
    with making.memory() as store:
        twin = Shelf(store)
        for day in shelf.days[:-1]:
            twin.scan(day)
        last = twin.made(shelf.days[-1])
        rules = [rule for rule in book.rules if rule.name == name]
        store.rules.sync(book.marks, twin.now)
        policies = policies_of(book.channels)
        evaluate(store, last, rules, policies, book.metrics, twin.now + 60)
        live = store.alerts.active([name])
        facts = store.history.facts([alert.product for alert in live])
        return {each.product_id for each in facts.values()}


def check(store: Store, tmp_path: Path, seed: int, values: list[tuple[str, str]]) -> int:
    """Compare the shown with the selected; the number of both."""
    shelf, _ = shelf_of(store, seed, 90)
    query = urlencode(values)
    text = rule_of(shelf, query)
    book = read(tmp_path, text)
    (name,) = {rule.name for rule in book.rules} - {rule.name for rule in shelf.book.rules}
    (rule,) = (rule for rule in book.rules if rule.name == name)
    assert [watch.key for watch in rule.watches] == [shelf.list.key]
    found = set(ids(shown(shelf, query, every=True)))
    assert selected(shelf, book, name) == found, text
    return len(found)


@pytest.mark.parametrize(
    "place", [place for place, (name, *_) in enumerate(FILTERS) if BY_ALERTS not in name]
)
def test_each_filter(store: Store, tmp_path: Path, place: int) -> None:
    """Alone; it selects some."""
    name, text, _ = FILTERS[place]
    assert check(store, tmp_path, 11, [(name, text)])


def test_few_digits_are_a_part_of_a_name(store: Store) -> None:
    """Many are an id as well."""
    shelf = Shelf(store)
    assert "product_id" not in rule_of(shelf, "q=20")
    assert 'product_id: "1729000000000000001"' in rule_of(shelf, "q=1729000000000000001")


def test_several_filters(store: Store, tmp_path: Path) -> None:
    """Together, at random."""
    some = 0
    for seed, (drawn_values, *_) in enumerate(drawn(5, 25)):
        values = [each for each in drawn_values if BY_ALERTS not in each[0]]
        if values:
            with making.memory() as one:
                some += check(one, tmp_path, seed, values) > 0
    assert some > 5


@pytest.mark.parametrize(
    "when",
    [
        "all: [spu_avg_price: {below: 20}, not: {rank: {below: 3}}]\nany: [rank: {at_most: 9}]",
        "total_sale_7d_cnt: {highest: 20%, among: seller_id}",
        "earnings: {above: 1.5}",
        "spu_avg_price: {at_most: 1200%, of: earnings}",
        "rank: {at_most: total_sale_7d_cnt}",
        "product_name: {matches: '(?i)serum|灯带'}",
        "appears: true",
        'product_name: {contains: "\\"quoted\\"; semicolon"}',
        "region: us",
        "seller_id: {in: [GlowLab, '7000000000000000003']}",
        "rank: {in: [1, 0x3, 7e0]}",
    ],
)
def test_conditions_that_are_typed(store: Store, tmp_path: Path, when: str) -> None:
    """Beside a filter of the form that says something of the same."""
    values = [("q", "e"), ("max.spu_avg_price", "39"), ("when", when)]
    assert check(store, tmp_path, 11, values)


@pytest.mark.parametrize(
    "text",
    ["1e3", "0o12", "NO", "~", "'", '"', "\\", "a: b", "# x", "- 5", "{}", "\u2028x", "$x", "é"],
)
def test_texts_that_yaml_reads_otherwise(store: Store, tmp_path: Path, text: str) -> None:
    """They are read again as they were."""
    shelf = Shelf(store)
    shelf.scan({"1": {"product_name": f"<{text}>"}, "2": {"product_name": "Lamp"}})
    query = urlencode([("q", text), ("is.discount", text)])
    book = read(tmp_path, rule_of(shelf, query))
    (rule,) = (rule for rule in book.rules if rule.name == "best")
    assert [each.attribute.name for each in rule.when.parts] == ["product_name", "discount"]  # type: ignore[attr-defined]
    known = ListColumns(shelf.book.metrics, shelf.list)
    view, _ = asked_view(parse_qsl(query), known)
    found = picked(view, known, shelf.book, shelf.list)
    assert found.condition is not None
    assert rule.when.key == found.condition.key


def test_a_list_without_a_name_stands_in_its_rule(tmp_path: Path) -> None:
    """Written out as it is: it is the same list, and is read once for both. One that has a name is
    called by it."""
    book = load_text(RULES)
    for watch in book.watches:
        text = written_rule(book, watch, {"spu_avg_price": {"below": 3}})
        assert ("every:" in text) == watch.unnamed == (watch.name == "inline & odd")
        again = read(tmp_path, text)
        (rule,) = (rule for rule in again.rules if rule.file.endswith("made.yaml"))
        assert [each.key for each in rule.watches] == [watch.key]
        assert len(again.watches) == len(book.watches)


@pytest.mark.parametrize(
    "watch",
    [
        {"sort": "total_sale_7d_cnt asc", "min_first_crawl_dt": "30d ago", "top": 10},
        {"category_id": "601450", "max_spu_avg_price": 12.5, "every": "90m"},
        {
            "sort": "total_sale_gmv_30d_amt desc",
            "every": "0 9 * * mon-fri",
            "timezone": "Asia/Tokyo",
        },
        {"sort": "total_sale_7d_cnt desc", "every": "refresh", "sales_trend_flag": "rising"},
        {"shop": "7000000000000000001", "region": "GB", "top": 40},
        {"products": ["1729000000000000001", "1729000000000000002"]},
        {"products": "followed"},
    ],
)
def test_a_watch_as_it_is_written_out(watch: dict[str, object]) -> None:
    """Read again it is the same list at the same times."""
    head = "channels: {me: {url: 'json://localhost/'}}\ndefaults: {region: US, notify: [me]}\n"

    def book(written: dict[str, object]) -> Rulebook:
        when = {"spu_avg_price": {"below": 3}}
        return load_text(
            head + json.dumps({"rules": [{"name": "r", "watch": written, "when": when}]})[1:-1]
        )

    (first,) = book(watch).watches
    (again,) = book(watch_written(first)).watches
    assert (again.key, again.query, again.schedule) == (first.key, first.query, first.schedule)


def test_names_are_free_and_nothing_is_filled_in(tmp_path: Path) -> None:
    """A rule of the list's name gets a number; a name with a mark in it is what it is."""
    rules = RULES.replace("  plain: {top: 100}", '  "${GLOW}": {top: 100}').replace(
        "watch: plain", "watch: '$${GLOW}'"
    )
    book = load_text(rules)
    odd = next(watch for watch in book.watches if watch.name == "${GLOW}")
    text = written_rule(book, odd, {"spu_avg_price": {"below": 3}})
    again = read(tmp_path, text, rules)
    (rule,) = (rule for rule in again.rules if rule.file.endswith("made.yaml"))
    assert (rule.name, rule.watch.name) == ("${GLOW}", "${GLOW}")
    (inline,) = (watch for watch in book.watches if watch.unnamed)
    text = written_rule(book, inline, {"spu_avg_price": {"below": 3}})
    assert 'name: "inline & odd (2)"' in text
