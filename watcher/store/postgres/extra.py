"""The extra ``postgres``, and the words where it is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from watcher.errors import StoreError
from watcher.store.places import Server, shown


@contextmanager
def needed(url: str) -> Iterator[None]:
    """Around imports of what stands on psycopg; raises ``StoreError`` where that is not there."""
    try:
        yield
    except ImportError as error:
        if not (error.name or "").startswith("psycopg") and "libpq" not in str(error):
            raise
        raise StoreError(
            f"{shown(url)}: a PostgreSQL database needs psycopg: "
            "pip install 'shop-trend-watcher[postgres]'",
            Server(url, ""),
        ) from error
