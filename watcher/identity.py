"""A product's identity: its id, and the marketplace that it is of where there is more than one."""

from __future__ import annotations

from urllib.parse import quote

# The page of a product by its marketplace. The first is TikTok Shop: its ids are keys as they are.
_PAGES = {"": "https://www.tiktok.com/shop/pdp/"}


def product_key(marketplace: str, product_id: str) -> str:
    """The text by which the store, rules and alerts know a product: ``shopee:123``."""
    return f"{marketplace}:{product_id}" if marketplace else product_id


def product_page(key: str) -> str:
    """The address of a product's page."""
    marketplace, _, product_id = key.rpartition(":")
    if marketplace not in _PAGES:
        marketplace, product_id = "", key
    return f"{_PAGES[marketplace]}{quote(product_id, safe='')}"
