"""All, any, not: three values, against a plainly written reference."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.tables import FakeTable, condition, verdicts
from watcher.model import Verdict
from watcher.rules.conditions.base import Judge
from watcher.text.evidence import condition_of

Row = Mapping[str, float | None]

TABLE = FakeTable(
    {"review_count": [1, 1, 1, 0, 0, 0, None, None, None], "is_s_shop": [1, 0, None] * 3}
)
ONE, OTHER = {"review_count": {"at_least": 1}}, {"is_s_shop": 1}


def test_all() -> None:
    """One not met decides; else one without data."""
    assert verdicts({"all": [ONE, OTHER]}, TABLE) == "mn?nnn?n?"
    assert verdicts({**ONE, **OTHER}, TABLE) == "mn?nnn?n?"


def test_any() -> None:
    """One met decides; else one without data."""
    assert verdicts({"any": [ONE, OTHER]}, TABLE) == "mmmmn?m??"


def test_not() -> None:
    """No data stays no data."""
    assert verdicts({"not": ONE}, TABLE) == "nnnmmm???"


def test_order_repetition_and_nesting_are_no_meaning() -> None:
    """Equal conditions are judged once, however they are written."""
    plain = condition({"all": [ONE, OTHER]})
    assert condition({"all": [OTHER, ONE, ONE]}) == plain
    assert condition({"all": [OTHER, {"all": [ONE]}]}) == plain
    assert condition({"not": {"not": ONE}}) == condition(ONE)
    assert condition({"any": [ONE, OTHER]}) != plain


def test_metrics_in_order_of_appearance() -> None:
    """The first is what strength is measured by; needs are those of all parts."""
    compiled = condition(
        {"any": [{"total_sale_cnt": {"rises": 1}}, {"not": ONE}], "total_sale_7d_cnt": {"above": 1}}
    )
    names = [metric.name for metric in compiled.metrics]
    assert names == ["total_sale_cnt", "review_count", "total_sale_7d_cnt"]
    assert [need.metric.name for need in compiled.needs] == ["total_sale_cnt"]


def test_evidence_of_not() -> None:
    """A single condition is turned round; of several each speaks for itself."""
    (turned,) = condition({"not": ONE}).evidence(Judge(TABLE), 3)
    assert (condition_of(turned), turned.verdict) == ("not: at least 1", Verdict.MET)
    several = condition({"not": {**ONE, **OTHER}}).evidence(Judge(TABLE), 3)
    assert [one.verdict for one in several] == [Verdict.NOT_MET, Verdict.MET]


# ------------------------------------------------------------- the reference

METRICS = ("review_count", "total_sale_cnt", "total_views_cnt")
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "equals": operator.eq,
    "not_equals": operator.ne,
    "above": operator.gt,
    "below": operator.lt,
    "at_least": operator.ge,
    "at_most": operator.le,
}


def reference(raw: Mapping[str, object], now: Row, then: Row, appeared: bool | None) -> str:
    """The verdict on one product, one value at a time: m, n or ?."""
    verdicts = [_entry(key, value, now, then, appeared) for key, value in raw.items()]
    return _all(verdicts)


def _all(verdicts: list[str]) -> str:
    return "n" if "n" in verdicts else "?" if "?" in verdicts else "m"


def _any(verdicts: list[str]) -> str:
    return "m" if "m" in verdicts else "?" if "?" in verdicts else "n"


def _entry(key: str, value: object, now: Row, then: Row, appeared: bool | None) -> str:
    if key == "appears":
        return "?" if appeared is None else _letter(appeared)
    if key == "not":
        assert isinstance(value, Mapping)
        return {"m": "n", "n": "m", "?": "?"}[reference(value, now, then, appeared)]
    if key in ("all", "any"):
        assert isinstance(value, list)
        parts = [reference(part, now, then, appeared) for part in value]
        return _all(parts) if key == "all" else _any(parts)
    assert isinstance(value, Mapping)
    options = {"min_change": value.get("min_change")}
    return _all(
        [
            _operator(name, limit, now[key], then[key], options["min_change"])
            for name, limit in value.items()
            if name not in ("min_change", "from")
        ]
    )


def _letter(truth: bool) -> str:
    return "m" if truth else "n"


def _operator(
    name: str, limit: object, now: float | None, then: float | None, floor: float | None
) -> str:
    if now is None:
        return "?"
    if name in COMPARE:
        assert isinstance(limit, int)
        return _letter(COMPARE[name](now, limit))
    if name == "between":
        assert isinstance(limit, list)
        return _letter(limit[0] <= now <= limit[1])
    if name in ("in", "not_in"):
        assert isinstance(limit, list)
        return _letter((now in limit) == (name == "in"))
    return "?" if then is None else _from_then_to_now(name, limit, now, then, floor)


def _from_then_to_now(
    name: str, limit: object, now: float, then: float, floor: float | None
) -> str:
    match name, limit:
        case "becomes", int():
            return _letter(then != limit and now == limit)
        case "leaves", int():
            return _letter(then == limit and now != limit)
        case "crosses_above", int():
            return _letter(then <= limit < now)
        case "crosses_below", int():
            return _letter(then >= limit > now)
    moved = {"rises": now - then, "falls": then - now, "changes": abs(now - then)}[name]
    enough_in_size = floor is None or moved >= floor
    if isinstance(limit, int):
        return _letter(moved >= limit and enough_in_size)
    if then == 0:
        return "?" if floor is None else _letter(enough_in_size)
    percent = int(str(limit).removesuffix("%"))
    return _letter(moved * 100 >= percent * abs(then) and enough_in_size)


# Few values, so that equalities, zeros and limits are hit often.
values = st.integers(-2, 4)
limits = st.integers(-2, 4)
amounts = st.one_of(st.integers(1, 3), st.sampled_from(["25%", "50%", "100%"]))
compares = st.one_of(
    st.dictionaries(st.sampled_from(sorted(COMPARE)), limits, min_size=1, max_size=2),
    st.tuples(limits, limits).map(lambda pair: {"between": sorted(pair)}),
    st.lists(limits, min_size=1, max_size=3).map(lambda some: {"in": some}),
    st.lists(limits, min_size=1, max_size=3).map(lambda some: {"not_in": some}),
    st.dictionaries(
        st.sampled_from(["becomes", "leaves", "crosses_above", "crosses_below"]),
        limits,
        min_size=1,
        max_size=2,
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "rises": amounts,
            "falls": amounts,
            "changes": amounts,
            "min_change": st.integers(1, 3),
            "from": st.sampled_from(["last", "7d ago"]),
        },
    ).filter(lambda some: bool({"rises", "falls", "changes"} & some.keys())),
)
leaves = st.one_of(
    st.dictionaries(st.sampled_from(METRICS), compares, min_size=1, max_size=2),
    st.just({"appears": True}),
)
raws = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=2), "not": inner}),
    ),
    max_leaves=8,
)
cells = st.one_of(st.none(), values)
rows = st.fixed_dictionaries(dict.fromkeys(METRICS, cells))
products = st.lists(
    st.tuples(rows, rows, st.sampled_from([True, False, None])), min_size=1, max_size=6
)


@settings(deadline=None)
@given(raws, products)
def test_compiled_equals_the_reference(
    raw: dict[str, object],
    products: list[tuple[Row, Row, bool | None]],
) -> None:
    """For random conditions and data, the columns say what one value at a time says."""
    table = FakeTable(
        {name: [now[name] for now, _, _ in products] for name in METRICS},
        {name: [then[name] for _, then, _ in products] for name in METRICS},
        appeared=[appeared for _, _, appeared in products],
    )
    expected = "".join(reference(raw, now, then, mark) for now, then, mark in products)
    assert verdicts(raw, table) == expected
    judge = Judge(table)
    compiled = condition(raw)
    for row in range(table.size):
        assert compiled.evidence(judge, row), "every verdict has a reason"
