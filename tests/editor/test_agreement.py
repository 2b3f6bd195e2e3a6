"""The JSON Schema and the rule file's loader take and refuse the same values.

A real validator (Ajv) reads the schema. What a schema can't know (names, variables, ranges that
belong together) is left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.editor.client import NEEDED, why_not
from tests.fuzz.checks import ENVIRONMENT
from tests.fuzz.rulefiles import structured
from watcher.categories import CategoryLookup
from watcher.errors import RulesError
from watcher.rules.conditions.compiling import Compiler
from watcher.rules.conditions.registry import NUMBER_OPERATORS, TEXT_OPERATORS
from watcher.rules.files.document import read
from watcher.rules.files.loading import load_text
from watcher.rules.metrics import Catalogue
from watcher.rules.schema.json_schema import json_schema
from watcher.rules.sections.figures import FIGURES
from watcher.subjects import BY

pytestmark = [pytest.mark.end_to_end, pytest.mark.skipif(bool(why_not()), reason=why_not())]

_HERE = Path(__file__).parent
# One of each unit, and flags with and without names.
_METRICS = """total_sale_7d_cnt spu_avg_price sales_growth product_rating age_days first_crawl_dt
rank sales_trend_flag sales_flag free_shipping mine""".split()
_VALUES: list[Any] = [
    None, True, False, -1, 0, 1, 2, 3, 0.5, 20261123, "", " ", "5", " 5 ", "-5", "+5", ".5",
    "5.", "0", "1", "2", "usd", "THB", "USDT", "10k", "1.5M", "10%", "2w", "1h30m", "90s",
    "12 hours", "30d ago", "last",
    "7d ago", "7d  ago", "median 14d", "avg 14d", "2026-11-23", "20261123", "rising", "RISING",
    "risin", "video", "true", "True", "yes", "NO", "no", "US", "us", "USA", "warning", "Critical",
    "warn", "json://host", "host", "https://a.b/c", "http://a b", "Europe/Berlin", "09:00",
    "22:00-07:00", "22:00 - 07:00", "0 9 * * mon-fri", "0 9 * *", "total_sale_cnt",
    "total_sale_cnt asc", "total_sale_cnt  DESC", "total_sale_cnt up", "601450", "60 14",
    [], {}, [1], ["1"], [1, 1], ["5%", "5%"], ["rising"], [None], ["a", "b"], {"x": 1},
]  # fmt: skip
_IDS: list[Any] = [
    "1729873073559015752", "https://www.tiktok.com/view/product/1729873073559015752?a=b",
    "https://www.tiktok.com/shop/store/glow/7495981769829615944", 1_729_873_073_559_015_752,
    ["1729873073559015752", 1_729_873_073_559_015_753], "followed", "Followed",
    [1_729_873_073_559_015_752, "x"], ["followed"], -1_729_873_073_559_015_752,
]  # fmt: skip
# What a watch has in place of a list's keys.
_INSTEAD = ("shop", "products")
_FIELDS = {
    "api": """key requests_per_second concurrency credits_per_day credits_per_month gmv_currency
           probes_per_day settle
           """.split(),
    "channel": "url min_severity digest template quiet".split(),
    "quiet": ["hours"],
    "defaults": "region every cooldown remind resolved severity limit".split(),
    "keep": "observations notifications".split(),
    "rule": """description for keep_firing_for severity cooldown remind resolved limit priority
            """.split(),
    "watch": """region every sort top category_id sales_trend_flag sales_flag is_s_shop
             free_shipping min_total_sale_cnt max_spu_avg_price min_first_crawl_dt
             """.split(),
    "instead": [*_INSTEAD],
}  # fmt: skip
# What is refused for its meaning: no expression, a name that is unknown, less time than is useful.
_NO_CONDITION = [
    {"product_name": {"matches": "+5"}},
    {"region": {"matches": "+5"}},
    {"review_count": {"unusual": 3, "over": "1h30m"}},
    {"review_count": {"unusual": 3, "over": "90s"}},
    {"not": {"x": 1}},
]
# A number in quotes: a schema has no limits for texts.
_NUMERAL = re.compile(r"\s*[-+.]?[0-9]")
# An address: of which site it is, and of a product or a seller, only the loader knows.
_PAGE = re.compile(r"\S*[./]")


def conditions() -> Iterator[Any]:
    """Every operator on a metric of every kind, with every value."""
    for value in _VALUES:
        for metric in _METRICS:
            yield {metric: value}
            yield from ({metric: {one.name: value}} for one in NUMBER_OPERATORS)
            yield {metric: {"rises": 5, "min_change": value}}
        yield {"rank": {"climbs": 5, "from": value}}
        yield {"review_count": {"unusual": 3, "over": value}}
        for text in ("product_name", "region"):
            yield {text: value}
            yield from ({text: {one.name: value}} for one in TEXT_OPERATORS)
        yield from ({word: value} for word in ("all", "any", "not", "appears", "at_least", "from"))


def whole(section: str, key: str, value: Any) -> dict[str, Any]:
    """A file in which ``key`` of a section is the value, and all else is right."""
    sections: dict[str, dict[str, Any]] = {
        name: {}
        for name in ("api", "channel", "quiet", "defaults", "keep", "watch", "instead", "rule")
    }
    sections[section] = {key: value}
    channel = {"url": "json://host", **sections["channel"]}
    if section == "quiet":
        channel["quiet"] = sections["quiet"]
    watch = {"region": "US", "sort": "total_sale_cnt", **sections["watch"]}
    watch = sections["instead"] or watch
    when = {"when": {"appears": True}, "notify": "me"}
    return {
        "api": sections["api"],
        "channels": {"me": channel},
        "defaults": sections["defaults"],
        "keep": sections["keep"],
        "rules": [{"name": "a", "watch": watch, **when, **sections["rule"]}],
    }


def compiles(value: Any, catalogue: Catalogue) -> bool:
    """Whether the loader takes a condition."""
    complaints: list[str] = []

    def report(path: Any, message: str, **_about: Any) -> None:
        complaints.append(message)

    Compiler(catalogue, report).condition(value, ())
    return not complaints


def loads(value: Any) -> bool:
    """Whether the loader takes a file."""
    try:
        # Which names of categories there are only a database knows.
        load_text(json.dumps(value), categories=CategoryLookup(lenient=True))
    except RulesError:
        return False
    return True


async def validated(schema: Any, values: list[Any]) -> list[list[str] | None]:
    """What a validator finds wrong with each value; None for nothing."""
    process = await asyncio.create_subprocess_exec(
        "node",
        str(_HERE / "validate.mjs"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    asked = json.dumps({"schema": schema, "values": values}).encode()
    async with asyncio.timeout(NEEDED):
        out, _ = await process.communicate(asked)
    found: list[list[str] | None] = json.loads(out)
    return found


async def test_conditions() -> None:
    """Every operator on every kind of metric, with values of every kind: the same verdict."""
    catalogue = load_text(
        'metrics: {mine: "review_count / 2"}\n'
        "rules: [{name: a, watch: {region: US}, when: {appears: true}}]"
    ).metrics
    cases = list(conditions())
    condition = {"$ref": "#/$defs/condition", "$defs": json_schema()["$defs"]}
    said = await validated(condition, cases)
    taken = [compiles(case, catalogue) for case in cases]
    assert {True, False} == set(taken)
    differ = [
        (case, errors)
        for case, errors, good in zip(cases, said, taken, strict=True)
        if good is not (errors is None)
        and case not in _NO_CONDITION
        # A word where a number stands may be a metric of the user's own, which no schema knows.
        and (good or not _names_a_metric(case))
    ]
    assert differ == []


def _names_a_metric(case: Any) -> bool:
    """Whether a condition on a number has a word in the place of it."""
    (inner,) = case.values()
    values = list(inner.values()) if isinstance(inner, dict) else [inner]
    flat = [each for one in values for each in (one if isinstance(one, list) else [one])]
    return any(isinstance(each, str) and re.fullmatch(r"\s*[A-Za-z_]\w*\s*", each) for each in flat)


async def test_every_other_key() -> None:
    """Every key of the sections, with values of every kind: the same verdict."""
    asked = [
        (section, key, value)
        for section, keys in _FIELDS.items()
        for key in keys
        for value in (_VALUES if section != "instead" else [*_VALUES, *_IDS])
    ]
    cases = [whole(*one) for one in asked]
    said = await validated(json_schema(), cases)
    for one, case, errors in zip(asked, cases, said, strict=True):
        taken = loads(case)
        assert not (taken and errors), (one, errors)
        by_meaning = _PAGE if one[0] == "instead" else _NUMERAL
        named = one[:2] == ("instead", "shop")  # by a name that may stand under sellers
        if not (isinstance(one[2], str) and (named or by_meaning.match(one[2]))):
            assert taken is (errors is None), one


_FIGURES: list[Any] = [
    "review_count", "rank", "sales_trend_flag", "first_crawl_dt", "seller_id", "product_id",
    {"sales_trend_flag": "rising"}, {"review_count": {"at_least": 5}}, {"review_count": {}},
    {"of": "review_count", "by": "seller_id", "first": 3},
    {"of": "review_count", "by": "seller_id", "first": 0},
    {"of": "review_count", "by": "seller_id"},
    {"of": "review_count", "by": "seller_id", "first": 3, "odd": 1},
]  # fmt: skip


async def test_figures_of_groups() -> None:
    """Every figure, with values of every kind, and with conditions beside it: what the loader takes
    the schema takes; what it refuses for its form the schema refuses, too."""
    where = {"review_count": {"at_least": 5}}
    figures: list[Any] = [{kind: value} for kind in FIGURES for value in (*_VALUES, *_FIGURES)]
    figures += [{**each, "where": where} for each in figures]
    figures += [*_VALUES, {}, {"where": where}, {"odd": "rank"}, "size / 2", {"size": True}]
    cases: list[Any] = [{"a": each} for each in figures] + [
        {"min": {"sum": "review_count"}},
        None,
        [],
        "a",
    ]
    files = [_with_group({"of": "w", "by": "seller_id", "metrics": each}) for each in cases]
    files += [_with_group({"of": "w", "by": by}) for by in (*_VALUES, *BY)]
    files += [_with_group({"of": of, "by": "watch"}) for of in (["w"], {"region": "US"}, [], 5)]
    said = await validated(json_schema(), files)
    for file, errors in zip(files, said, strict=True):
        taken = loads(file)
        assert not (taken and errors), (file["groups"], errors)
        assert taken or errors or _by_meaning(file["groups"]["g"]), file["groups"]


def _with_group(group: Any) -> dict[str, Any]:
    rule = {"name": "a", "watch": "g", "when": {"size": {"at_least": 9}}, "notify": []}
    watch = {"region": "US", "sort": "total_sale_7d_cnt"}
    return {"watches": {"w": watch}, "groups": {"g": group}, "rules": [rule]}


def _by_meaning(group: dict[str, Any]) -> bool:
    """Whether a group can be wrong by what a name in it means, or by two figures in one; of a text
    that stands for a number or a formula no schema knows."""
    metrics = group.get("metrics")
    written = metrics.get("a") if isinstance(metrics, dict) else None
    if isinstance(written, str) or isinstance(group.get("by"), str):
        return True
    asked = [value for key, value in (written or {}).items() if key != "where"]
    return "where" in (written or {}) or any(isinstance(each, str) for each in asked)


@pytest.mark.long
async def test_mutated_files() -> None:
    """Whatever the loader takes of files with odd values at any place, the schema takes."""
    taken: list[Any] = []

    @settings(
        max_examples=800,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(structured())
    def collect(data: bytes) -> None:
        with contextlib.suppress(RulesError, ValueError):  # or no text, or no JSON
            text = data.decode()
            load_text(
                text, env=ENVIRONMENT | {"FROM_FILE": "x"}, categories=CategoryLookup(lenient=True)
            )
            taken.append(json.loads(json.dumps(read(text, "").value, allow_nan=False)))

    collect()
    assert len(taken) > 10
    assert [errors for errors in await validated(json_schema(), taken) if errors] == []


_OF_AMOUNTS = ("unusual", "lowest", "highest")


async def test_what_is_filled_in_may_stand_everywhere() -> None:
    """The schema can't know the value of ``${NAME}``, and finds no fault with it."""
    cases: list[Any] = [
        whole(section, key, "${NAME}")
        for section, keys in _FIELDS.items()
        for key in keys
        if (section, key) != ("channel", "quiet")
    ]
    for metric in _METRICS:
        for one in NUMBER_OPERATORS:
            listed = one.name in ("in", "not_in", "between")
            value: Any = ["${A}", "${B}"] if listed else "${A}"
            if not one.only_rank and one.name not in _OF_AMOUNTS:
                cases.append(whole("rule", "when", {metric: {one.name: value}}))
        cases.append(whole("rule", "when", {metric: "${A}"}))
    assert [errors for errors in await validated(json_schema(), cases) if errors] == []
