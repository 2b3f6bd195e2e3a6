"""The pages' addresses: paths of ours, and how one page names another.

A page names others relative to itself, so that it works at the root and below any path that a
proxy puts before it.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode


def rule(name: str) -> str:
    """``/rules/beauty-rising``; a name may have any character."""
    return f"/rules/{quote(name, safe='')}"


def product(region: str, product_id: str) -> str:
    """``/products/US/1729...``."""
    return f"/products/{quote(region, safe='')}/{quote(product_id, safe='')}"


def with_query(path: str, **values: object) -> str:
    """The path with those values that are given."""
    given = {name: str(value) for name, value in values.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def relative(path: str, here: str) -> str:
    """The way from the page ``here`` to ``path``, both ours and encoded: ``../../rules/x``."""
    return f"{'../' * (here.count('/') - 1) or './'}{path[1:]}"
