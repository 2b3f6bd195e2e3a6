"""A list as people use it: sorted, filtered and leafed through, by keyboard and without a script."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.fakes.listed import RULES, Shelf, random_days
from tests.web.browser.tabs import DESK, PHONE, tab
from tests.web.conftest import Furnished
from tests.web.serving import Page, serving
from watcher.rules.files.loading import load_text
from watcher.store.sqlite.database import Database

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def shelf_page(tmp_path: Path) -> AsyncIterator[Page]:
    """The page of a list of some 120 products."""
    path = tmp_path / "lists.db"
    with Database.open(path) as store:
        shelf = Shelf(store)
        for day in random_days(4, 133):
            shelf.scan(day)
        scene = Furnished(path, shelf.book, shelf.now + 60)
    async with serving(path, scene) as page:
        yield page
