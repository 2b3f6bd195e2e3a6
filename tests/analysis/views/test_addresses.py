"""Addresses of views: one for each view, and a word on what is wrong with one."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.analysis.views.drawing import FILTERS, SORTS
from tests.fakes.listed import RULES
from watcher.analysis.views.asked import MOST_COLUMNS, asked_view, is_form
from watcher.analysis.views.columns import ListColumns
from watcher.analysis.views.picking import picked
from watcher.language import Language, spoken
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Watch

BOOK = load_text(RULES)


def watch(name: str = "best") -> Watch:
    """The watch of that name."""
    return next(each for each in BOOK.watches if each.name == name)


KNOWN = ListColumns(BOOK.metrics, watch())
_NAMES = [name for name, *_ in FILTERS] + ["cols", "col", "sort", "page", "when", "x", "min.x", ""]


def told(query: str, known: ListColumns = KNOWN, of: str = "best") -> list[str]:
    """What is said of an address."""
    view, troubles = asked_view(parse_qsl(query), known)
    found = picked(view, known, BOOK, watch(of))
    return [each.text for each in (*troubles, *found.troubles)]


@given(
    filters=st.lists(st.sampled_from(FILTERS), max_size=6, unique_by=lambda each: each[0]),
    columns=st.lists(st.sampled_from(SORTS), max_size=8, unique=True),
    sort=st.sampled_from([*SORTS, ""]),
    descending=st.booleans(),
    page=st.integers(1, 10**9 - 1),
    order=st.randoms(use_true_random=False),
)
def test_each_view_has_one_address(filters, columns, sort, descending, page, order) -> None:  # type: ignore[no-untyped-def]
    """Whatever the order in which it is said; read again it is the same view."""
    values = [(name, text) for name, text, _ in filters]
    values += [("sort", f"{'-' * descending}{sort}")] * bool(sort) + [("page", str(page))]
    order.shuffle(values)
    values += [("col", name) for name in columns] + [("q", "")]
    view, troubles = asked_view(values, KNOWN)
    assert not troubles
    query = view.query(KNOWN)
    again, troubles = asked_view(parse_qsl(query, strict_parsing=True) if query else [], KNOWN)
    assert not troubles
    assert again == view
    assert again.query(KNOWN) == query
    assert [column.name for column in view.columns] == (
        columns or [column.name for column in KNOWN.default]
    )
    assert is_form(values)
    assert not is_form(parse_qsl(query))


@given(st.lists(st.tuples(st.one_of(st.sampled_from(_NAMES), st.text()), st.text()), max_size=12))
@example([("when", "a: &x [*x]")])
@example([("when", "{" * 200)])
@example([("min.spu_avg_price", "9" * 200)])
@example([("min.rank.change", "9" * 200)])
@example([("min.rank.change", "\u0661")])
@example([("page", "\u00b2")])
@example([("q", "\ud800")])
@example([("cols", ",".join(KNOWN._found))])  # noqa: SLF001
def test_no_address_is_too_odd(values: list[tuple[str, str]]) -> None:
    """It is read, and what is wrong is told in words that are not empty."""
    view, troubles = asked_view(values, KNOWN)
    found = picked(view, KNOWN, BOOK, watch())
    for each in (*troubles, *found.troubles):
        assert each.text.strip()
        assert len(each.text) < 1_000
    assert len(view.columns) <= MOST_COLUMNS
    assert asked_view(parse_qsl(view.query(KNOWN)), KNOWN)[0] == view


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("foo=1", 'The address asks for "foo", which is nothing that a list has.'),
        ("min.product_name=1", 'The address asks for "min.product_name"'),
        ("has.rank=1", 'The address asks for "has.rank"'),
        ("min.sales_trend_flag=1", 'The address asks for "min.sales_trend_flag"'),
        ("cols=rank,nope", 'This list has no column "nope".'),
        ("sort=-nope", 'This list has no column "nope".'),
        ("page=0", "There is no page 0."),
        ("page=x", "There is no page x."),
        ("q=a&q=b", "It is said twice: the first counts."),
        (f"q={'a' * 201}", "A filter has 200 characters at most."),
        ("min.spu_avg_price=dear", '"dear" is no'),
        ("min.total_sale_7d_cnt.change=10", "Write how far it moved as a percentage"),
        ("min.rank.change=9999999999999999", "The number is too large."),
        ("min.alerts.firing=many", '"many" is no number'),
        ("is.sales_trend_flag=up", "rising"),
        ("category=Beauty", "no category"),
        ("seller=Glow", '"Glow" is no seller\'s id, and no name in sellers'),
        ("q=${HOME}", "nothing is filled in here"),
        ("when=spu_avg_price", "must be conditions"),
        (f"when=any: [{'rank: 1, ' * 41}]", "has 40 conditions at most"),
        (f"when=any: [{'product_name: {matches: a}, ' * 6}]", "has 5 expressions (matches) at"),
    ],
)
def test_what_is_wrong_is_told(query: str, said: str) -> None:
    """In words, and once."""
    (found,) = told(query)
    assert said in found


@pytest.mark.parametrize("name", ["spu_avg_price", "rank.change", "alerts.firing"])
def test_what_is_no_number_is_told_in_the_visitors_language(name: str) -> None:
    """Of every column alike: whether the compiler finds it, or the list itself."""
    with spoken(Language.CHINESE):
        assert told(f"min.{name}=abc") == [
            "\u201cabc\u201d不是数字：请写成 12、0.5、10k、1.5m 或 10% 这样。"
        ]


def test_where_a_typed_condition_is_wrong() -> None:
    """Its line and column are told."""
    text = "spu_avg_price: {below: 3}\nany:\n  - rank: {belw: 3}"
    view, _ = asked_view([("when", text)], KNOWN)
    (trouble,) = picked(view, KNOWN, BOOK, watch()).troubles
    assert (trouble.field, trouble.line, trouble.column) == ("when", 3, 12)
    assert trouble.text == 'any[0].rank: unknown operator "belw", did you mean "below"?'


@pytest.mark.parametrize(
    ("when", "line", "column"),
    [
        ("any: [", 1, 7),
        ("rank: {below: 3}\nany: [\n\n", 2, 7),
        ("rank: {below: 3}\nany: [rank: 1,\n  rank: 2\n", 3, 10),
        ("# nothing", 0, 0),
    ],
)
def test_what_ends_too_early_does_so_where_it_was_typed(when: str, line: int, column: int) -> None:
    """Not in a line after it that there is none of; and what was typed is no file."""
    view, _ = asked_view([("when", when)], KNOWN)
    (trouble,) = picked(view, KNOWN, BOOK, watch()).troubles
    assert (trouble.line, trouble.column) == (line, column)
    assert "file" not in trouble.text


@pytest.mark.parametrize(
    "when",
    [
        "spu_avg_price: {rises: 10%}", "rank: {climbs: 3}", "rank: {enters_top: 10}",
        "product_name: {changes: true}", "spu_avg_price: {lowest: 30d}", "disappears: true",
        "total_sale_7d_cnt: {unusual: 3}", "any: [rank: {below: 3}, not: {rank: {drops: 2}}]",
        "sales_trend_flag: {becomes: rising}", "spu_avg_price: {crosses_above: earnings}",
    ],
)  # fmt: skip
def test_conditions_on_the_past_are_refused(when: str) -> None:
    """With words; nothing of them is left."""
    view, _ = asked_view([("when", when)], KNOWN)
    found = picked(view, KNOWN, BOOK, watch())
    assert found.condition is None
    assert found.written is None
    assert any("compares with the past" in each.text or "are gone" in each.text
               for each in found.troubles)  # fmt: skip


def test_a_list_without_ranks() -> None:
    """There are no columns of ranks, and a condition on one is refused."""
    known = ListColumns(BOOK.metrics, watch("plain"))
    assert all("rank" not in column.name.split(".") for column in known.default)
    assert known.get("rank") is None
    assert known.get("rank.change") is None
    (found,) = told("when=rank: {below: 3}", known, "plain")
    assert "needs a sorted list" in found
    (found,) = told("sort=rank", known, "plain")
    assert found == 'This list has no column "rank".'


def test_a_user_s_metric_of_any_name() -> None:
    """One that is called as something of ours hides nothing."""
    rules = RULES.replace("  earnings:", "  alerts: spu_avg_price * 2\n  q: rank + 1\n  earnings:")
    book = load_text(rules)
    known = ListColumns(book.metrics, next(each for each in book.watches if each.name == "best"))
    assert known["alerts"].metric is not None
    assert known["alerts.firing"].metric is None
    view, troubles = asked_view(parse_qsl(urlencode({"min.alerts": 3, "q": "x"})), known)
    assert not troubles
    assert view.filters == {"q": "x", "min.alerts": "3"}
    assert {each.name for each in known.offered["own"]} >= {"alerts", "q", "earnings", "q.change"}


def test_long_addresses_are_cut() -> None:
    """So that nobody has them looked at for long."""
    values = [(f"x{number}", "1") for number in range(10_000)]
    _, troubles = asked_view(values, KNOWN)
    assert len(troubles) == 201
    assert troubles[-1].text == "The address says too much: its end was not looked at."
