"""All that can be told, by kind, in values without a Latin letter: for tests of languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from watcher.evaluation import lifecycle
from watcher.evidence import OUTSIDE, Criterion, Evidence, Gap, GapKind, Member, MetricLimit, Peers
from watcher.fields import MADE_TEXTS, TEXTS
from watcher.incident import About, Incident, IncidentKind, moment
from watcher.message import Also, Item, Message, RuleCount, Waited
from watcher.model import Severity, Verdict
from watcher.report import (
    FateOfAlert,
    ListTrouble,
    ReportContent,
    ReportedAlert,
    ReportedList,
    ReportedProduct,
    ReportedSeller,
    ReportedSum,
)
from watcher.rules.conditions.registry import NUMBER_BY_NAME, TEXT_BY_NAME
from watcher.rules.groups import SIZE_METRIC
from watcher.rules.metrics import Catalogue
from watcher.rules.report import PARTS
from watcher.subjects import BY
from watcher.text.evidence import PATTERNS
from watcher.text.titles import without_words
from watcher.units import DAY, HOUR, Unit

NOW = 1_795_446_000  # 23 Nov 2026, 15:00 UTC
_METRIC = ("total_sale_gmv_7d_amt", "7-day GMV", "gmv")
REASONS = (
    lifecycle.CONDITION_ENDED,
    lifecycle.LEFT_THE_LIST,
    lifecycle.RULE_CHANGED,
    lifecycle.TAKEN_OUT,
)
_BASELINES = ("last", "told", "ago", "median", "mean", "min", "max", "usual")
_TARGET = MetricLimit("目标", "", 0.9, 19.9)
_SALES = Evidence(
    "total_sale_7d_cnt", "7-day sales", "count",
    Criterion("rises", (0.3,), percent=True, baseline="ago", seconds=7 * DAY),
    Verdict.MET, 4_830.0, 1_200.0, NOW - 7 * DAY,
)  # fmt: skip


def conditions() -> Iterator[Evidence]:
    """Yield evidence of every operator, baseline, gap and of whatever stands beside them."""
    for operator in sorted({*NUMBER_BY_NAME, *TEXT_BY_NAME, *PATTERNS}):
        asked = Criterion(operator, (3.0, 5.0), baseline="ago", seconds=DAY)
        yield replace(_SALES, condition=asked)
        yield replace(_SALES, condition=asked, baseline=None)
        yield replace(_SALES, condition=asked, value=None, gap=Gap(GapKind.NO_VALUE, 9 * DAY))
        text = Criterion(operator, ("甲", "乙"), more=4)
        yield Evidence("product_name", "name", Unit.TEXT, text, Verdict.MET, "丙", "丁")
    for baseline in _BASELINES:
        asked = Criterion("rises", (0.3,), percent=True, baseline=baseline, seconds=DAY, floor=5.0)
        yield replace(_SALES, condition=asked, score=3.2, days=41)
        yield replace(_SALES, condition=asked, days=1, value=None)
    for kind in GapKind:
        for seconds in (9 * DAY, 47 * HOUR, 90 * 60):
            yield replace(_SALES, gap=Gap(kind, seconds), negations=2)
    for operator in ("lowest", "highest"):
        among = Criterion(operator, (0.05,), percent=True, among="甲")
        yield replace(_SALES, condition=among, baseline=None, peers=Peers(0.03, 37, 0.06))
        yield replace(_SALES, condition=among, baseline=None)
    for operator, value in (("below", 10.0), ("at_least", 50.0)):
        asked = Criterion(operator, (0.0,), measures=(_TARGET,))
        yield replace(_SALES, condition=asked, value=value, baseline=None)
        yield replace(_SALES, condition=asked, value=value, baseline=None, verdict=Verdict.NOT_MET)
    yield replace(_SALES, condition=Criterion("in", (1.0,), more=7, file="清单"), baseline=None)
    yield replace(_SALES, condition=Criterion("changes", baseline="last"))
    yield replace(_SALES, compared=(34, 37), members=_MEMBERS)
    yield replace(_SALES, compared=(1, 1), members=())
    yield replace(_SALES, members=_MEMBERS, value=9_999.0)
    yield replace(_SALES, form="normal", baseline=None)
    yield replace(_SALES, form="sparse")


_MEMBERS = (Member("1", "台灯", 1_200.0), Member("2", "", -30.0), Member("3", "拖鞋", None))


def metrics() -> Iterator[Evidence]:
    """Yield evidence of every metric, with each value that has a name, and of every text."""
    for metric in [*Catalogue().metrics(), SIZE_METRIC]:
        values = [float(value) for _, value in metric.names] or [20_261_116.0, 0.0, 1.0]
        for value, before in zip(values, values[1:] + values[:1], strict=True):
            yield Evidence(
                metric.name, metric.label, metric.unit,
                Criterion("becomes", (value,)), Verdict.MET, value, before,
            )  # fmt: skip
            yield Evidence(
                metric.name, metric.label, metric.unit,
                Criterion("changes", (0.02,), baseline="ago", seconds=DAY), Verdict.MET, value,
            )  # fmt: skip
    for text in (*TEXTS, *MADE_TEXTS):
        asked = Criterion("equals", ("甲",))
        yield Evidence(text.name, text.label, Unit.TEXT, asked, Verdict.MET, "甲")
    for word in ("appears", "reappears", "disappears"):
        yield Evidence(word, "list", Unit.TEXT, Criterion(word), Verdict.MET)


FACTS: dict[str, float | None] = {
    "spu_avg_price": 4.99, "total_sale_7d_cnt": 1_234.0, "total_sale_gmv_7d_amt": 4_830.0,
    "sales_trend_flag": 1.0, "rank": 3.0, "total_ifl_cnt": 312.0, "creators_7d": 45.0,
    "commission": 0.12,
}  # fmt: skip


def item(number: int = 1, **changes: object) -> Item:
    """A product whose sales rose, all of whose texts are data in Chinese."""
    made = Item(
        str(number), "firing", "中", str(1_729_873_073_559_015_000 + number), f"商品{number}",
        NOW - 3 * DAY, currency="CNY", gmv_currency="CNY", why=(_SALES,), facts=dict(FACTS),
    )  # fmt: skip
    return replace(made, **changes)


def items() -> Iterator[Item]:
    """Yield a product in each state that a message tells, and with each thing beside it."""
    for evidence in (*conditions(), *metrics()):
        yield item(why=(evidence,))
    later = replace(_SALES, value=9_660.0)
    for now in (later, replace(later, baseline=None), replace(_SALES, value=None, gap=None)):
        for began in (
            _SALES,
            replace(_SALES, baseline=None, value=7.0),
            replace(_SALES, value=None),
        ):
            yield item(why=(began,), now=(now,))
            yield item(why=(began,), now=(now,), seen=NOW - DAY)
    for reason in (*REASONS, None, ""):
        yield item(kind="resolved", reason=reason)
        yield item(also=(_also(kind="resolved", reason=reason),))
    yield item(kind="reminder", since=NOW - 400 * DAY)
    yield item(kind="again", again=(_SALES, replace(_SALES, metric="rank", label="rank")))
    yield item(kind="again", again=(replace(_SALES, baseline_at=None),))
    for severity in Severity:
        yield item(severity=severity, grade=(_SALES,))
        yield item(severity=severity, told_as=Severity.INFO, grade=(_SALES,))
    yield item(name="", watch="新品榜", rule="涨", facts={"creators_7d": 45.0})
    yield item(seller="749", names={"749": "小店"})
    yield item(also=(_also(), _also(rule="跌", watch="别榜", why=()), _also(kind="reminder")))
    for value, before in ((4.0, 40.0), (4.0, OUTSIDE), (OUTSIDE, 4.0)):
        moved = Criterion("enters_top", (10.0,))
        told = Evidence("rank", "rank", Unit.PLACE, moved, Verdict.MET, value, before, NOW - DAY)
        yield item(why=(told,))
        yield item(also=(_also(why=(told,)),))
    for by in BY:
        yield item(grouped_by=by, size=1, product_id="1")
        yield item(grouped_by=by, size=12, product_id="1", facts={})


def _also(**changes: object) -> Also:
    made = Also("升", "7", "firing", NOW - DAY, why=(_SALES,), now=(_SALES,))
    return replace(made, **changes)


def messages() -> Iterator[Message]:
    """Yield a message of each kind."""
    for severity in Severity:
        yield Message("alerts", "", severity, NOW, rule="涨", region="中, 外", data_at=NOW, told=1)
    every = list(items())
    for first in range(0, len(every), 10):
        told = tuple(every[first : first + 10])
        yield Message(
            "alerts", "", Severity.CRITICAL, NOW, rule="涨", label="大涨", region="中",
            description="说明", data_at=NOW, items=told, told=len(told), ended=2,
            more=("台灯", "拖鞋"), rest=1_234,
        )  # fmt: skip
    for by in ("", *BY):
        parts = (
            RuleCount("涨", 1, 1, "说明", "", Severity.WARNING, by),
            RuleCount("跌", 2, grouped_by=by),
        )
        shown = (item(rule="涨"), item(2, rule="跌"))
        for kind in ("alerts", "digest"):
            yield Message(
                kind, "", Severity.WARNING, NOW, parts=parts, items=shown, told=3, ended=1
            )
            yield Message(kind, "", Severity.WARNING, NOW, parts=parts, told=3, rest=3)
    many = tuple(RuleCount(f"很长的规则名称{number}", 2) for number in range(9))
    yield Message("digest", "", Severity.CRITICAL, NOW, parts=many, told=18, rest=18)
    yield from joined()
    yield from incident_messages()
    yield from reports()


def reports() -> Iterator[Message]:
    """Yield a report with all that one can say, and those in which there is nothing to say."""
    lists = tuple(
        ReportedList(
            str(number), f"榜{number}", where, 2, NOW, then, NOW - DAY, 30, 28, proves, (each,)
        )
        for number, (each, where, then, proves) in enumerate(
            (each, where, then, proves)
            for each in ListTrouble
            for where in ("中", "外")
            for then, proves in ((1, True), (1, False), (None, False))
        )
    )
    moved_ = ReportedProduct("中", "1", "台灯", 300.0, 200.0, None, "7", "榜1")
    fallen = replace(moved_, value=100.0, name="")
    new = replace(moved_, value=None, before=None)
    seller = ReportedSeller("7", "中", 300.0, 2, 1, 200.0, 100.0, "店")
    told = [
        ReportedAlert("", "涨", "中", "1", "台灯", NOW, each, ended, *_METRIC, *values)
        for each in FateOfAlert
        for ended in (None, NOW)
        for values in ((None, None, None), (1.0, 2.0, 3.0))
    ]
    full = ReportContent(
        "周报", NOW - HOUR, NOW, 7 * DAY, *_METRIC, *_METRIC, NOW - DAY, PARTS, lists,
        (ReportedSum(900.0, 600.0, 28, "中, 外"),), (moved_, fallen), 3, 4, (new,), 12,
        (new,), 1, (seller, replace(seller, before=0.0, both=0, name="")), 9, (moved_,), 5,
        tuple(told), 44, late=True,
    )  # fmt: skip
    bare = replace(full, sums=(), rising=0, falling=0, all_entered=0, all_left=0, movers=(),
                   entered=(), left=(), sellers=(), prices=(), alerts=())  # fmt: skip
    unknown = replace(bare, all_entered=None, all_left=None, lists=(replace(lists[0], both=0),))
    ordered = replace(full, metric="sales_surge", label="sales surge", unit="score", compare=HOUR)
    for each in (full, bare, unknown, ordered, replace(full, sums=(), lists=lists[:1])):
        yield Message("report", "", Severity.INFO, NOW, data_at=NOW, report=each)


def joined() -> Iterator[Message]:
    """Yield messages of what waited."""
    trouble = Incident(IncidentKind.FAILS, About.WATCH, "榜").with_details(failures=3, error="错")
    for count in (0, 1, 2):
        waited = Waited(
            max(count, 1), 3 * HOUR + 60, passed=count, troubles=(trouble,) * count,
            over=(trouble,) * count, others=count, went=(trouble,) * (count // 2),
        )  # fmt: skip
        yield Message("joined", "", Severity.WARNING, NOW, waited=waited, told=count, data_at=NOW)


_WHEN = moment(NOW - DAY, "UTC")
_Case = tuple[About, str, dict[str, Any], Mapping[str, Any]]


def _cases() -> Iterator[tuple[IncidentKind, list[_Case]]]:
    cases: dict[IncidentKind, list[_Case]] = {
        IncidentKind.RULE_FILE: [(About.WATCHER, "", {}, {"error": "错"})],
        IncidentKind.OWN_FILE: [(About.FILE, "文件", {}, {"error": "错"})],
        IncidentKind.PAGE_RULES: [(About.WATCHER, "", {}, {"error": "错"})],
        IncidentKind.DISK: [(About.WATCHER, "", {}, {"folder": "夹", "free": 1, "total": 9})],
        IncidentKind.DATABASE: [(About.WATCHER, "", {}, {"error": "错"})],
        IncidentKind.CLOCK_SET_BACK: [(About.WATCHER, "", {}, {"ahead": 2 * DAY})],
        IncidentKind.TASK: [
            (About.PART, "件", {}, {"error": "错"}), (About.PART, "件", {}, {"type": "误"}),
        ],
        IncidentKind.BREAKS: [
            (About.WATCH, "榜", {}, {"error": "错"}), (About.RULE, "涨", {}, {"error": "错"}),
        ],
        IncidentKind.FAILS: [(About.WATCH, "榜", {}, {"failures": 3, "error": "错"})],
        IncidentKind.SOURCE_FAILS: [
            (About.WATCHER, "", {}, {"begun": _WHEN, "watch": "榜", "error": "错"}),
        ],
        IncidentKind.PROBLEMS: [
            (About.WATCH, "榜", {}, {"turn": 3, "doubt": doubt, "doubted": 7 * DAY})
            for doubt in (
                "the list has no products, and had 40",
                "the list has 1 product, and had 40; 1 row can't be read (page 2: 错)",
                "the list has 3 products, and had 1,040; 3 rows can't be read",
                "1 row can't be read", "1 product came that nobody asked for",
                "3 rows can't be read (page 2: 错)", "7 products came that nobody asked for",
                "page 3 is empty, but the list goes on; page 4 is short, but the list goes on",
                "page 5 has only products that other pages had: reading ended there",
                "page 3 is empty, but the list goes on; and 4 more pages",
            )
        ],
        IncidentKind.UNSTORED: [(About.WATCH, "榜", {}, {"error": "错"})],
        IncidentKind.INVALID_QUERY: [(About.WATCH, "榜", {}, {"query": "问", "error": "错"})],
        IncidentKind.KEY_REFUSED: [(About.WATCHER, "", {}, {"error": "错"})],
        IncidentKind.CREDITS_USED_UP: [(About.WATCHER, "", {}, {"error": "错"})],
        IncidentKind.CREDITS_OF_DAY: [
            (About.WATCHER, "", {}, {"used": 80, "cap": 99, "span": "2026-11-23"}),
        ],
        IncidentKind.CREDITS_OF_MONTH: [
            (About.WATCHER, "", {}, {"used": 80, "cap": 99, "span": "2026-11"}),
        ],
        IncidentKind.DID_NOT_FIT: [
            (About.WATCHER, "", {}, {"watch": "榜", "error": "错"}),
            (About.WATCHER, "", {}, {"watch": "榜", "cost": 9, "room": 5, "kept": 0}),
            (About.WATCHER, "", {}, {"watch": "榜", "cost": 9, "room": 5, "kept": 2}),
        ],
        IncidentKind.FIELDS_LOST: [
            (About.WATCH, "榜", {"fields": ("甲", "乙")},
             {"told": told, "mistyped": {"甲": "错"}, "rules": rules, "some_back": bool(rules)})
            for told, rules in ((["甲"], []), (["甲", "乙", "丙", "丁"], ["涨"]))
        ],
        IncidentKind.JUMPED: [
            (About.REGION, "中", {}, {"watch": "榜", "change": change, "before": _WHEN} | outcome)
            for change, outcome in (
                (None, {}), (0.5, {"stay": [], "lists": 2}), (0.5, {"stay": ["榜"], "lists": 1}),
                (0.5, {"stay": ["一", "二", "三", "四"], "lists": 9}),
            )
        ],
        IncidentKind.STANDS_STILL: [(About.REGION, "中", {}, {"changed": _WHEN, "days": 3})],
        IncidentKind.NO_REFRESH: [
            (About.REGION, region, {}, {"began": _WHEN, "missed": missed} | new)
            for region in ("中", "") for missed in (1, 3) for new in ({}, {"new": _WHEN})
        ],
        IncidentKind.DEAD_MESSAGE: [
            (About.TARGET, "群", {}, {"error": "错", "message": _stored})
            for _stored in ({"kind": "alerts", "title": "", "severity": "info", "created": 1,
                             "rule": "涨", "told": 3},)
        ],
        IncidentKind.SILENCE_ENDS: [
            (About.SILENCE, "1", {}, {"ends": _WHEN, "why": why, "what": [
                ["rule", "涨*"], ["seller", "749", "小店"], ["category", "6"], ["product", "1"],
            ]})
            for why in (None, "促销")
        ],
    }  # fmt: skip
    yield from cases.items()


DETAILS = {
    kind: [
        Incident(kind, about, subject, **more).with_details(**details)
        for about, subject, more, details in cases
    ]
    for kind, cases in _cases()
}


def incident_messages() -> Iterator[Message]:
    """Yield a message for the begin and for the end of each incident, and of one that is dead."""
    for incidents in DETAILS.values():
        for incident in incidents:
            for over in (False, True):
                yield Message("operator", "", Severity.WARNING, NOW, incident=incident, over=over)


def stored_titles() -> Iterator[Message]:
    """Yield what is stored of each message, where another one speaks of it."""
    yield from map(without_words, messages())
