"""The source's other endpoints, and a database of who asks them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.siblings import BARE, ID, SELLER, Siblings, serving
from tests.cli.source.asking import write
from tests.store.making import scan
from watcher.model import LongTexts
from watcher.store.sqlite.database import Database


@pytest.fixture
def server() -> Iterator[Siblings]:
    """Every endpoint works."""
    with serving() as siblings:
        yield siblings


@pytest.fixture
def database(folder: Path, server: Siblings) -> Path:
    """A product with a picture, and rules with a key."""
    write(folder, server)
    path = folder / "watcher.db"
    with Database.open(path) as store:
        cover = json.dumps([{"url": BARE, "index": 0}])
        made = scan(int(time.time()) - 60, {ID: 5}, texts={ID: LongTexts(cover_url=cover)})
        store.history.record(replace(made, texts={**made.texts, "seller_id": (SELLER,)}))
    return path
