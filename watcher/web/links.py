"""The pages' addresses."""

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
