"""Rule files, rule tests, formulas and patterns, mutated from such as people write."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from tests.fuzz.words import FORMULA, PATTERN, SCALARS, TEMPLATE

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = (ROOT / "rules.example.yaml").read_text("utf-8")
TESTS = (ROOT / "rules.example.test.yaml").read_text("utf-8")
SETTINGS = """\
api: {key: "${KEYAPI_KEY}", url: "http://127.0.0.1:1", requests_per_second: 2, concurrency: 2,
      credits_per_day: 500, credits_per_month: 10k}
channels:
  me: {url: "${CHANNEL_URL}", quiet: {hours: "22:00-07:00", timezone: Europe/Berlin}}
  boss: {url: ["json://u:${TOKEN}@h/${FROM_FILE}", "json://h"], digest: "0 9 * * mon-fri",
         min_severity: critical, timezone: Asia/Tokyo,
         template: "{% for product in products %}{{ product.name | truncate(9) }}{% endfor %}"}
heartbeat: "https://h/${TOKEN}"
operator: [me]
defaults: {region: US, every: 24h, notify: [me], cooldown: 1h30m, limit: 5, resolved: true}
metrics: {earnings: spu_avg_price * commission, more: "earnings ** 2 if earnings > 1 else ln(rank)"}
watches:
  w: {category_id: "601450", min_total_sale_30d_cnt: 100, sort: total_sale_7d_cnt desc, top: 200,
      every: "0 9 * * mon-fri", timezone: Europe/Berlin, min_first_crawl_dt: 30d ago}
groups:
  g: {of: w, by: seller_id, metrics: {gmv: {sum: total_sale_gmv_7d_amt, where: {rank: {below: 9}}},
      new: {count: {appears: true}}, each: gmv / size, of: {distinct: category_id},
      top: {top_share: {of: more, by: seller_id, first: 3}},
      part: {share: {review_count: {rises: 3}}}}}
rules:
  - name: a
    watch: w
    when:
      all:
        - total_sale_7d_cnt: {rises: 30%, from: median 14d, min_change: 5}
        - any: [{commission: {at_least: 10%}}, {product_name: {matches: "(?i)se+rum"}}]
        - not: {off_mark: {in: [2, 3]}}
        - rank: {enters_top: 10}
        - views_growth: {unusual: 3, over: 28d}
    until: {rank: {above: 100}}
    for: 24h
    keep_firing_for: 1h
    order_by: more
    remind: 3d
    priority: 3
  - {name: b, watch: {sort: total_sale_cnt asc}, when: {appears: true, region: US}, notify: []}
  - {name: c, watch: g, when: {gmv: {rises: 30%, from: 7d ago}, size: {at_least: each}},
     order_by: new}
keep: {observations: 400d, notifications: 90d}
"""

_TREE = yaml.load(SETTINGS, Loader=yaml.BaseLoader)

_SCALARS = [
    *SCALARS,
    "",
    " ",
    "0 9 * * mon-fri",
    "0 0 30 2 *",
    "* * * * *",
    "0 9 * * 7",
    "7d ago",
    "median 14d",
    "max 99999d",
    "total_sale_7d_cnt desc",
    "rank asc",
    "a if b else c",
    "\x85",
    "rank ** rank ** rank",
    "1/0 + rank",
    "30d ago",
    "a\nb",
    "a: b",
    "x" * 300,
    "9" * 5_000,
]
_KEYS = (
    *tuple(dict.fromkeys(re.findall(r"[a-z_][a-z_0-9]+(?=:)", SETTINGS))),
    "equals",
    "not_equals",
    "mean",
    "median",
    "watch",
    "above",
    "below",
    "at_most",
    "between",
    "falls",
    "changes",
    "becomes",
    "leaves",
    "crosses_above",
    "climbs",
    "drops",
    "leaves_top",
    "contains",
    "heartbeat",
    "template",
    "description",
    "severity",
    "sales_growth",
    "min_spu_avg_price",
    "<<",
    "regoin",
    "page_num",
)
_scalars = st.one_of(
    st.sampled_from(_SCALARS),
    st.text(max_size=8),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
)
_keys = st.one_of(st.sampled_from(_KEYS), st.text(max_size=5))
_trees = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_keys, inner, max_size=3)),
    max_leaves=6,
)


def _places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: Any = ()
    if isinstance(tree, dict):
        inner = tree.items()
    elif isinstance(tree, list):
        inner = enumerate(tree)
    return [path, *(place for key, each in inner for place in _places(each, (*path, key)))]


def _put(tree: Any, path: tuple[Any, ...], change: Any) -> Any:
    """The tree with ``change(value)`` at a place; ``...`` for taking it out."""
    if not path:
        return change(tree)
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    changed = _put(tree[path[0]], path[1:], change)
    if changed is ...:
        del copy[path[0]]
    else:
        copy[path[0]] = changed
    return copy


@st.composite
def mutated(draw: st.DrawFn, tree: Any) -> Any:
    """A tree with one to three of its values replaced, taken out or put beside another."""
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(_places(tree)))
        kind = draw(st.integers(0, 3))
        if kind == 0 and path:
            tree = _put(tree, path, lambda _: ...)
        elif kind == 1:
            key, value = draw(_keys), draw(_trees)
            tree = _put(tree, path, lambda old, k=key, v=value: _beside(old, k, v))
        else:
            value = draw(_trees)
            tree = _put(tree, path, lambda _, v=value: v)
        if not isinstance(tree, dict | list) or not tree:
            break
    return tree


def _beside(old: Any, key: str, value: Any) -> Any:
    if isinstance(old, dict):
        return {**old, key: value}
    return [*old, value] if isinstance(old, list) else {key: old}


@cache
def _plain(size: int) -> str:
    return yaml.dump(_TREE, width=size, allow_unicode=True, sort_keys=False)


def _written(tree: Any, flow: bool) -> bytes:
    if flow:  # JSON is YAML, with every text in quotes
        return json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        text = yaml.dump(tree, allow_unicode=True, sort_keys=False)
    except yaml.YAMLError:
        text = repr(tree)
    # Half of the texts without their quotes: as numbers, nothing, tags, anchors.
    text = re.sub(r"'([^'\n]*)'", r"\1", text)
    return str(text).encode("utf-8", "surrogatepass")


@st.composite
def structured(draw: st.DrawFn) -> bytes:
    """A valid file with odd values, keys and nesting at any place."""
    return _written(draw(mutated(_TREE)), draw(st.booleans()))


_TOKENS = (
    *tuple(
        token.encode("utf-8", "surrogatepass")
        for token in (
            *_SCALARS,
            "\n",
            "\n  ",
            "\n- ",
            ": ",
            ", ",
            "{",
            "}",
            "[",
            "]",
            "&a ",
            "*a",
            "? ",
            "|\n",
            ">-\n",
            "---\n",
            "...\n",
            "%YAML 1.2\n",
            "\t",
            "\ufeff",
            "${",
            "$$",
            "!!str ",
            "!!int ",
            "!!binary ",
            "!x ",
            "<<: *a",
            "\r",
            "\r\n",
            "\u2028",
            "#",
        )
    ),
    b"\xff",
    b"\xc3",
    b"\x00",
    b"\xed\xa0\x80",
)


@st.composite
def spliced(draw: st.DrawFn, text: str = SETTINGS) -> bytes:
    """Bytes of a file with pieces taken out, put in, or copied from elsewhere in it."""
    data = text.encode()
    if len(data) > 3_000:
        start = draw(st.integers(0, len(data) - 2_000))
        data = data[start : start + 2_000]
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        length = draw(st.one_of(st.just(0), st.integers(0, 12), st.integers(0, 200)))
        source = draw(st.integers(0, max(len(data) - 1, 0)))
        piece = draw(
            st.one_of(
                st.sampled_from(_TOKENS),
                st.sampled_from(_TOKENS),
                st.binary(max_size=4),
                st.just(data[source : source + 40]),
            )
        )
        data = data[:start] + piece + data[start + length :]
    return data


files = st.one_of(structured(), structured(), spliced(), spliced(EXAMPLE), st.binary(max_size=60))

_SUITE = {
    "rules": "rules.yaml",
    "env": {"CHANNEL_URL": "json://h"},
    "tests": [
        {
            "name": "n",
            "rule": "a",
            "start": "2026-01-01",
            "interval": "24h",
            "products": {
                "1": {"sales_trend_flag": "stable x3 rising x2", "total_sale_7d_cnt": "1+5x4 _"},
                "2": {"product_name": "Serum", "rank": "2x4 -", "first_crawl_dt": "20250101"},
            },
            "alerts": [{"at": "2d", "firing": ["1"], "pending": [], "told": []}, {"scan": 3}],
        }
    ],
}
_SERIES = (
    "1x3",
    "1 x3",
    "1x10001",
    "1x999999",
    "1+1",
    "1+1x3",
    "_x2",
    "-",
    "- -",
    "x",
    "xx3",
    "1e9",
    "%",
    "risingx3",
    "2025-01-01",
    "2025-13-45x2",
    "1--1x2",
    "+1x2",
    "1x0",
    "\u0661x3",
    "_ " * 20,
    "1.x2",
    "1k+1mx2",
    "0.1+0.1x3",
    "9" * 400 + "x2",
    "-1x3",
    "10%-1%x3",
)


@st.composite
def suites(draw: st.DrawFn) -> bytes:
    """A file of rule tests, with odd series, times and products."""
    tree: Any = _SUITE
    if draw(st.booleans()):
        series = draw(
            st.one_of(st.sampled_from(_SERIES), st.text("0123456789x+-_.% km", max_size=9))
        )
        field = draw(
            st.sampled_from(("sales_trend_flag", "total_sale_7d_cnt", "rank", "commission"))
        )
        tree = _put(tree, ("tests", 0, "products", "1"), lambda old: {**old, field: series})
    if draw(st.integers(0, 3)):
        tree = draw(mutated(tree))
    data = _written(tree, draw(st.booleans()))
    if draw(st.integers(0, 4)) == 0:
        data = draw(spliced(data.decode("utf-8", "replace")))
    return data


formulas = st.one_of(
    st.lists(st.sampled_from(FORMULA), max_size=25).map(" ".join),
    st.lists(st.sampled_from(FORMULA), max_size=400).map("".join),
    st.recursive(
        st.sampled_from(("rank", "commission", "2", "0", "1e300", "-1", "0.5")),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+ - * / **".split()), inner).map(
                lambda parts: f"({' '.join(parts)})"
            ),
            st.tuples(st.sampled_from("abs ln log10 sqrt round".split()), inner).map(
                lambda parts: f"{parts[0]}({parts[1]})"
            ),
            st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} > 1 else {p[2]})"),
        ),
        max_leaves=12,
    ),
    st.text(max_size=30),
    st.integers(1, 1_200).map(lambda depth: "-" * depth + "rank"),
    st.integers(1, 400).map(lambda depth: "(" * depth + "rank" + ")" * depth),
)
templates = st.lists(st.sampled_from(TEMPLATE), max_size=14).map(" ".join)
patterns = st.one_of(
    st.lists(st.sampled_from(PATTERN), max_size=12).map("".join), st.text(max_size=30)
)
