"""One headless Chromium for the session, and the furnished page in it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.web.conftest import Furnished
from tests.web.serving import Page, serving

ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
OUTSIDE = "watcher.test"  # a name that is not this machine's, for what browsers do only then


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The system's own Chromium; nothing is downloaded."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no chromium here: install the package chromium to run the browser's tests")
    arguments = [*ARGUMENTS, f"--host-resolver-rules=MAP {OUTSIDE} 127.0.0.1"]
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=found, args=arguments)
        try:
            yield launched
        finally:
            await launched.close()


@pytest_asyncio.fixture(loop_scope="session")
async def served(furnished: Furnished, tmp_path: Path) -> AsyncIterator[Page]:
    """The page of a copy of the furnished database."""
    path = Path(shutil.copy(furnished.path, tmp_path))
    async with serving(path, furnished) as page:
        yield page
