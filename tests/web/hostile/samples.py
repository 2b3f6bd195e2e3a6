"""An address for each route, and the fields of each form as its page would send them.

A new route with a parameter needs a sample here, and a new form its fields: a test fails until it
has them, and with them every test of this package is about it, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias
from urllib.parse import quote

from tests.web.hostile.market import (
    CATEGORY,
    FEED_TOKEN,
    GROUP,
    PRODUCTS,
    SELLERS,
    TOKEN,
    Texts,
    page_text,
)
from watcher.web import routes
from watcher.web.live import EVENTS

PICTURE = "0123456789abcdef0123456789abcdef"
PARAMETER = re.compile(r"\{(\w+)(?::(?:[^{}]|\{[^{}]*\})*)?\}")


def _rule(texts: Texts) -> str:
    return texts("rule")


def _text(texts: Texts) -> str:
    return page_text(texts, "new rule")


def _watch(texts: Texts) -> str:
    return texts("watch")


def _report(texts: Texts) -> str:
    return texts("report")


Values: TypeAlias = Mapping[str, str | Callable[[Texts], str]]

# By the route, as its table writes it: the values of its parameters.
VALUES: Mapping[str, Values] = {
    "/watches/{name}": {"name": _watch},
    "/watches/{name}/rule": {"name": _watch},
    "/api/watches/{name}.json": {"name": _watch},
    "/api/watches/{name}.csv": {"name": _watch},
    "/rules/{name}": {"name": _rule},
    "/api/rules/{name}.json": {"name": _rule},
    "/reports/{name}": {"name": _report},
    "/api/reports/{name}.json": {"name": _report},
    "/products/{region}/{id}": {"region": "US", "id": PRODUCTS[0]},
    "/api/products/{region}/{id}.json": {"region": "US", "id": PRODUCTS[0]},
    "/groups/{region}/{id}": {"region": "US", "id": GROUP},
    "/api/groups/{region}/{id}.json": {"region": "US", "id": GROUP},
    "/sellers/{region}/{id}": {"region": "US", "id": SELLERS[0]},
    "/api/sellers/{region}/{id}.json": {"region": "US", "id": SELLERS[0]},
    "/categories/{region}/{id}": {"region": "US", "id": CATEGORY},
    "/api/categories/{region}/{id}.json": {"region": "US", "id": CATEGORY},
    r"/pictures/{product:\d{1,15}}/{key:[0-9a-f]{32}}.jpg": {"product": "1", "key": PICTURE},
    r"/outbox/{id:\d{1,15}}": {"id": "1"},
    "/alerts/{id:A?[0-9]{1,15}}": {"id": "A1"},
    "/api/alerts/{id:A?[0-9]{1,15}}.json": {"id": "1"},
    r"/act/{token}": {"token": TOKEN},
    r"/feed/{token}/alerts.atom": {"token": FEED_TOKEN},
    r"/act/{token}/{number:[1-9]\d{0,3}}": {"token": TOKEN, "number": "1"},
}
# Other faces of a page: what its own links don't lead to.
FACES: Mapping[str, Sequence[str]] = {
    "/watches/{name}": (
        "when=total_sale_7d_cnt%3A+%7Bat_least%3A+100%7D", "when=nonsense", "cols=nonsense",
        "min.total_sale_7d_cnt=x", "q=nobody", "page=9",
    ),
    "/products/{region}/{id}": (
        f"compare=US/{PRODUCTS[1]}&compare=US/{PRODUCTS[2]}&metric=sales&metric=gmv&metric=rank",
        "metric=nonsense&compare=nonsense&from=nonsense",
    ),
}  # fmt: skip
_LIST = (
    "q", "seller", "category", "when", "cols", "col", "sort", "page", "min.total_sale_7d_cnt",
    "max.rank.change", "is.sales_trend_flag", "has.product_name", "is.product_name", "min.nonsense",
)  # fmt: skip
_PRODUCT = (
    "metric", "beside", "add", "compare", "days", "from", "to", "find", "rules", "product",
)  # fmt: skip
# What a page takes that looks at the whole of its query, and can't be seen to look for anything.
NAMES: Mapping[str, Sequence[str]] = {
    "/watches/{name}": _LIST,
    "/watches/{name}/rule": _LIST,
    "/api/watches/{name}.json": _LIST,
    "/api/watches/{name}.csv": (*_LIST, "comma"),
    "/products/{region}/{id}": _PRODUCT,
    "/api/products/{region}/{id}.json": _PRODUCT,
}
# Addresses that lead to another page.
LEADING = frozenset(("/products/compare",))
# By the form's address: what it takes, so that it does something.
FIELDS: Mapping[str, Values] = {
    "/outbox/retry": {"all": "dead"},
    "/outbox/drop": {"id": "3"},
    "/silences": {"rule": _rule, "exact": "1", "for": "1d", "comment": "why"},
    "/silences/end": {"id": "1"},
    "/followed": {"product": PRODUCTS[2], "note": "why"},
    "/followed/remove": {"product": PRODUCTS[0]},
    "/alerts/acknowledge": {"alert": "1"},
    "/alerts/silence": {"alert": "1", "for": "1d", "of": "all", "comment": "why"},
    "/alerts/undo": {"done": "0" * 32},  # but see AFTER
    "/rules/page": {"text": _text, "base": "2", "do": "save"},
    "/rules/page/undo": {"version": "1", "base": "2"},
    "/people": {"name": "somebody", "role": "feed"},
    "/people/revoke": {"name": "reader"},
    "/people/forget": {"name": "gone"},
}

# What a form is about, where another one must have done that first: its address, and the name in
# the address that it leads to.
AFTER: Mapping[str, tuple[str, str]] = {"/alerts/undo": ("/alerts/acknowledge", "done")}
# By the form's address: fields by which it does something else.
OTHERWISE: Mapping[str, Sequence[Values]] = {
    "/alerts/acknowledge": ({"again": "1"}, {"alert": "1 2 3"}),
    "/rules/page": ({"do": "check"}, {"do": "preview"}, {"base": "1"}),
}

READS: tuple[str, ...] = tuple(path for path, *_rest in routes.READS)
# Streams of events, which end when the visitor goes away.
STREAMS: tuple[str, ...] = (EVENTS,)
# Opened by a token in the address, and by no other one.
ACT_PAGES: tuple[str, ...] = tuple(path for path, *_rest in routes.ACT)
LINKS: tuple[str, ...] = (*ACT_PAGES, *(path for path, *_rest in routes.FEEDS))
WRITES: tuple[str, ...] = tuple(path for path, *_rest in routes.FORMS)
ACTS: str = routes.ACT_FORM[0]


def address(route: str, texts: Texts, **instead: str) -> str:
    """The path of a route, encoded; ``instead`` are other values, encoded as they are to be sent.
    ``KeyError`` where it has a parameter without a sample."""
    given = VALUES[route] if PARAMETER.search(route) else {}

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name in instead:
            return instead[name]
        sample = given[name]
        return quote(sample if isinstance(sample, str) else sample(texts), safe="")

    return PARAMETER.sub(value, route)


def fields_of(form: str, texts: Texts) -> dict[str, str]:
    """The fields of a form, without its token."""
    return _filled(FIELDS[form], texts)


def _filled(fields: Values, texts: Texts) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else value(texts) for name, value in fields.items()
    }


def variants(form: str, texts: Texts) -> Iterator[dict[str, str]]:
    """The fields of a form for each thing that it does."""
    usual = fields_of(form, texts)
    yield usual
    yield from ({**usual, **_filled(other, texts)} for other in OTHERWISE.get(form, ()))


def plain(route: str) -> str:
    """A route without what its parameters must look like."""
    return PARAMETER.sub(r"{\1}", route)


def parameters(route: str) -> Iterator[str]:
    """The parameters in the path of a route."""
    return (found[1] for found in PARAMETER.finditer(route))
