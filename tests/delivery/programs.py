"""Messages of every kind, with every part that one can have."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

from msgspec.structs import replace

from tests.delivery.messages import FACTS, GMV, HOSTILE, NOW, alerts, item, operator
from watcher.evidence import (
    Criterion,
    Evidence,
    Gap,
    GapKind,
    Member,
    MetricLimit,
    Peers,
)
from watcher.incident import About, Incident, IncidentKind
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
from watcher.rules.report import PARTS
from watcher.text.evidence import PATTERNS
from watcher.units import DAY, HOUR, Unit

KINDS = ("firing", "again", "more severe", "reminder", "resolved")
BASELINES = ("last", "ago", "usual", "told", "median", "mean", "min", "max")


def reasons() -> Iterator[Evidence]:
    """Yield one of each operator, and of all else that evidence has."""
    verdicts, units, baselines = cycle(Verdict), cycle(Unit), cycle(BASELINES)
    for operator_ in sorted(PATTERNS):
        asked = Criterion(operator_, (0.3, 5.0), baseline=next(baselines), seconds=7 * DAY)
        value: float | str = "Lamp" if operator_ in ("contains", "matches") else 4_830.0
        yield Evidence("own", "own", next(units), asked, next(verdicts), value, 1.0, NOW - DAY)
    several = Criterion(
        "in",
        ("a", "b"),
        more=3,
        file="ids.txt",
        floor=2.0,
        measures=(None, MetricLimit("target", "money", 0.9, 19.9)),
    )
    yield Evidence("seller_id", "seller", "text", several, Verdict.MET, "7495", negations=1)
    yield replace(
        GMV,
        condition=Criterion("highest", (0.05,), percent=True, among="category_id"),
        peers=Peers(0.03, 37, 0.06),
        score=3.2,
        days=41,
        form="sparse",
        compared=(34, 37),
        members=(Member("1", HOSTILE[0], 5.0), Member("2", "Hat")),
    )
    for kind in GapKind:
        yield replace(GMV, gap=Gap(kind, HOUR))
    yield replace(GMV, gap="not seen for 9 days", unit="thing")  # of an early version
    for figure in (float("nan"), float("inf"), float("-inf"), None):
        yield replace(GMV, value=figure, baseline=figure)


def products() -> Iterator[Item]:
    """Yield an item of each kind, and of all that one can say."""
    why = tuple(reasons())
    for number, kind in enumerate(KINDS):
        yield replace(item(number, HOSTILE[number], kind), why=why, reason="no longer met")
    full = item(7, "Glow", "more severe")
    yield replace(
        full,
        now=why,
        again=(GMV,),
        grade=(GMV,),
        seen=NOW - DAY,
        watch="top",
        seller="7495",
        names={"7495": "GlowLab"},
        label="took off",
        severity=Severity.CRITICAL,
        told_as=Severity.WARNING,
        gmv_currency="USD",
        facts={**FACTS, "rank": float("nan"), "views": None},
        also=(
            Also("other", "A70", "firing", NOW, why=why, severity=Severity.INFO),
            Also("named", "A71", "resolved", NOW, "label", "it ended", watch="best"),
        ),
    )
    yield replace(
        item(8, "GlowLab"), product_id="seller_id=7495", grouped_by="seller_id", size=12, facts={}
    )


def reports() -> Iterator[tuple[str, Message]]:
    """Yield one that tells all that a report can, and one of a list that was never read."""
    lists = tuple(
        ReportedList(str(each), HOSTILE[1], "US" if each else "", 2, NOW, 1, NOW - 7 * DAY, 30, 28,
                     bool(each), (trouble,))
        for each, trouble in enumerate(ListTrouble)
    )  # fmt: skip
    one = ReportedProduct("US", "1729", HOSTILE[0], 19.9, 24.9, "USD", "7495", "top")
    new = replace(one, before=None, seller="", list="")
    nothing = replace(new, value=None, currency=None)
    told = ReportedAlert("A7", "rising", "US", "1729", "Glow", NOW, FateOfAlert.HOLDS)
    spoken = [
        replace(told, fate=fate, ended=NOW, metric="spu_avg_price", label="price", unit="money",
                baseline=1.0, told=2.0, now=3.0, currency="USD")
        for fate in FateOfAlert
    ]  # fmt: skip
    group = replace(told, product_id="seller_id=7495", grouped_by="seller_id")
    old = replace(spoken[0], metric="gone", unit="thing")  # of a metric that is no more
    seller = ReportedSeller("7495", "US", 900.0, 3, 2, 600.0, 400.0, "GlowLab", "USD")
    full = ReportContent(
        "weekly", NOW - HOUR, NOW, 7 * DAY, "total_sale_gmv_7d_amt", "7-day GMV", "gmv",
        "total_sale_gmv_7d_amt", "7-day GMV", "gmv", NOW - 7 * DAY, PARTS, lists,
        (ReportedSum(900.0, 600.0, 28, "GB, US", "USD"), ReportedSum(1.0, 2.0, 1, "")),
        (one, nothing), 3, 4, (new,), 12, (new,), 2, (seller, ReportedSeller("8", "", 1.0, 1)), 9,
        (one,), 5, (told, *spoken, group, old), 11, "USD", late=True,
    )  # fmt: skip
    bare = replace(full, parts=("movers",), lists=(ReportedList("1", "top", "US"),), sums=())
    bare = replace(bare, movers=(), rising=0, falling=0, gmv_currency=None, late=False)
    unknown = replace(full, all_entered=None, entered=(), all_left=None, left=())
    for name, each in (("report", full), ("bare report", bare), ("report of parts", unknown)):
        found = Message("report", "", Severity.INFO, NOW, region="US", data_at=NOW, report=each)
        yield name, found


def messages() -> Iterator[tuple[str, Message]]:
    """Yield one of each kind, with a name."""
    items = tuple(products())
    single = replace(alerts(HOSTILE, ["Hat", HOSTILE[1]], rest=7), items=items, title="")
    single = replace(single, alerts={"firing": (1, 2, 900)}, told=9, ended=1, label="took off")
    yield "alerts", single
    parts = (
        RuleCount("rising", 3, 1, "Sales took off", "took off", Severity.CRITICAL),
        RuleCount("sellers", 1, grouped_by="seller_id"),
    )
    several = replace(
        single,
        rule="",
        label="",
        description="",
        parts=parts,
        items=tuple(replace(each, rule="rising") for each in items),
    )
    yield "several rules", several
    yield "digest", replace(several, kind="digest")
    trouble = Incident(IncidentKind.TASK, details={"text": "it stands"})
    waited = Waited(5, HOUR, 2, ("old words", trouble), (), 1)
    yield "joined", replace(several, kind="joined", waited=waited)
    yield "nothing holds", Message("joined", "", Severity.INFO, NOW, waited=waited)
    yield "of old", operator("trouble with a \u202e name")
    yield "test", replace(alerts(["Lamp"]), kind="test")
    yield from reports()
    for kind in IncidentKind:
        for about in About:
            incident = Incident(kind, about, "top", ("price",), {"text": "what happened"}, NOW)
            for over in (False, True):
                found = Message("operator", "", Severity.WARNING, NOW, incident=incident, over=over)
                yield f"{kind} {about} {over}", replace(found, cause=incident.cause)
