"""The addresses that ``benchmarks.pages`` measures: of each route of the page at least one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.page_market import BIG_SELLER, CATEGORY, FEED, GROUP, LINK, product
from watcher.web import routes

FIRST, LATE = f"US/{product(0)}", f"US/{product(9_000)}"
BIG, ALL = f"US/{BIG_SELLER}", f"US/{CATEGORY}"
_FIVE = "&".join(f"compare=US/{product(number)}" for number in (1, 2, 3, 4_000, 9_000))
_SORTED = ("?sort=gmv&order=up", "?sort=gmv_change", "?sort=rank_change", "?sort=name", "?page=7")

_COLUMNS = (
    "-total_sale_7d_cnt", "-total_sale_7d_cnt.change", "-rank.change", "product_name",
    "-total_sale_gmv_7d_amt", "-sales_growth", "-creators_7d", "commission", "-sales_trend_flag",
    "-alerts.firing", "seller_id", "category_id", "first_crawl_dt",
)  # fmt: skip
# By the route, what is asked of it: a query, or where the route has parameters the address.
ADDRESSES: Mapping[str, Sequence[str]] = {
    "/": ("",),
    "/watches": ("",),
    "/watches/{name}": tuple(
        f"/watches/list-1?{query}"
        for query in (
            "",
            "page=100",
            *(f"sort={each}" for each in _COLUMNS),
            "sort=-rank.change&page=50",
            "q=waffle&min.spu_avg_price=11&sort=spu_avg_price&page=3",
            "seller=7495000000000000001",
            "min.total_sale_7d_cnt.change=10%25&sort=-total_sale_7d_cnt.change",
            "when=total_sale_7d_cnt%3A%20%7Bat_least%3A%20100%7D&sort=-sales_growth",
            "cols=" + ",".join(each.removeprefix("-") for each in _COLUMNS),
            "min.alerts.firing=1",
        )
    ),
    "/watches/{name}/rule": ("/watches/list-1/rule?q=waffle&min.spu_avg_price=11",),
    "/api/watches.json": ("",),
    "/api/watches/{name}.json": ("/api/watches/list-1.json?q=no.+77",),
    "/api/watches/{name}.csv": ("/api/watches/list-1.csv",),
    "/rules": ("",),
    "/scores": ("",),
    "/rules/page": ("", "?version=3"),
    "/api/page.json": ("",),
    "/api/page.yaml": ("",),
    "/rules/{name}": ("/rules/rule-0", "/rules/rule-7", "/rules/shelf"),
    "/reports": ("",),
    "/reports/{name}": ("/reports/weekly",),
    "/alerts": tuple(
        f"?{query}" if query else ""
        for query in (
            "",
            "state=pending",
            "state=over",
            "state=over&before=20000",
            "state=over&rule=rule-199",
            "state=firing&before=95000",
            "state=all&q=serum",
            "state=over&q=no+such",
            "state=all&q=rule-7",
            "state=all&severity=warning",
            "state=over&severity=critical",
            "state=all&channel=boss",
            "state=over&from=30d&to=7d",
            "state=all&acknowledged=yes",
            "state=firing&silenced=yes",
            "state=firing&silenced=no",
            "state=over&q=serum&rule=rule-7&severity=warning&channel=me&from=300d&silenced=no",
        )
    ),
    "/alerts/matching": ("?state=firing", "?state=all&q=serum", "?state=firing&silenced=no"),
    "/alerts/{id:A?[0-9]{1,15}}": ("/alerts/A1", "/alerts/A300"),
    "/api/alerts/{id:A?[0-9]{1,15}}.json": ("/api/alerts/A300.json",),
    "/api/alerts.csv": ("?state=all", "?state=firing"),
    "/products": ("?q=serum", "?q=no+such"),
    "/products/compare": (f"?product={FIRST}&product={LATE}",),
    "/products/{region}/{id}": tuple(
        f"/products/{each}"
        for each in (
            FIRST,
            f"{FIRST}?days=400",
            f"{FIRST}?days=400&metric=sales_growth",
            f"{FIRST}?days=400&metric=rank",
            LATE,
            f"{LATE}?metric=rank&days=400",
            f"{FIRST}?days=400&metric=total_sale_7d_cnt,total_sale_gmv_7d_amt,rank",
            f"{FIRST}?days=400&{_FIVE}",
            f"{FIRST}?days=400&metric=rank&{_FIVE}",
            f"{FIRST}?from=2026-01-01&to=2026-06-30&{_FIVE}",
            f"{FIRST}?rules=2",
        )
    ),
    "/groups/{region}/{id}": (f"/groups/US/{GROUP}", f"/groups/US/{GROUP}?days=400"),
    "/sellers": ("", "?q=glow", *_SORTED),
    "/sellers/{region}/{id}": tuple(
        f"/sellers/{BIG}{query}" for query in ("", "?all=1", "?days=400", *_SORTED)
    ),
    "/categories": ("", "?level=3", "?level=3&q=sort", *_SORTED),
    "/categories/{region}/{id}": tuple(
        f"/categories/{ALL}{query}" for query in ("", "?all=1", "?days=400", *_SORTED)
    ),
    "/followed": ("",),
    "/outbox": ("", "?state=dead", "?state=sent&before=9000"),
    r"/outbox/{id:\d{1,15}}": ("/outbox/300",),
    "/silences": ("",),
    "/feeds": ("",),
    "/audit": ("", "?what=silence", "?who=reader+7", "?before=9000"),
    "/people": ("",),
    "/feeds/alerts.atom": ("", "?rule=rule-7", "?channel=boss"),
    r"/feed/{token}/alerts.atom": (f"/feed/{FEED}/alerts.atom",),
    r"/act/{token}": (f"/act/{LINK}",),
    r"/act/{token}/{number:[1-9]\d{0,3}}": (f"/act/{LINK}/1",),
    "/metrics": ("",),
    "/api/overview.json": ("",),
    "/api/rules/{name}.json": ("/api/rules/rule-0.json",),
    "/api/scores.json": ("",),
    "/api/reports.json": ("",),
    "/api/reports/{name}.json": ("/api/reports/weekly.json",),
    "/api/products/{region}/{id}.json": (f"/api/products/{FIRST}.json?days=400",),
    "/api/groups/{region}/{id}.json": (f"/api/groups/US/{GROUP}.json",),
    "/api/sellers.json": ("",),
    "/api/sellers/{region}/{id}.json": (f"/api/sellers/{BIG}.json",),
    "/api/categories.json": ("?level=3",),
    "/api/categories/{region}/{id}.json": (f"/api/categories/{ALL}.json",),
    "/api/followed.json": ("",),
    "/api/outbox.json": ("",),
    "/api/alerts.json": ("", "?state=over", "?state=all&q=serum"),
    "/api/audit.json": ("",),
    "/api/people.json": ("",),
}
# Answered without the store, or from a folder.
UNMEASURED = frozenset(("/healthz", r"/pictures/{product:\d{1,15}}/{key:[0-9a-f]{32}}.jpg"))


def addresses() -> Iterator[str]:
    """Yield all of them, without the first slash."""
    for route, given in ADDRESSES.items():
        for each in given:
            yield (f"{route}{each}" if each[:1] in ("", "?") else each).removeprefix("/")
    yield "static/style.css"


def missing() -> set[str]:
    """The routes of which nothing is measured, and those here that are no routes."""
    known = {str(path) for path, *_rest in (*routes.READS, *routes.ACT, *routes.FEEDS)}
    return known ^ {*ADDRESSES, *UNMEASURED}
