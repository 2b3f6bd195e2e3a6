"""The markets, made once, and the page of a copy of one."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.web.hostile.asked import Asked, recorded
from tests.web.hostile.market import Market, Texts, harmless, hostile, lengthy, make
from tests.web.hostile.visitor import Desk
from tests.web.serving import Page, serving

Opened: TypeAlias = Callable[..., AbstractAsyncContextManager[tuple[Page, Market]]]
_ALL: tuple[Texts, ...] = (harmless, hostile, lengthy)


@pytest.fixture(scope="session")
def markets(tmp_path_factory: pytest.TempPathFactory) -> dict[Texts, Market]:
    """By their texts. Not to be written to."""
    folder = tmp_path_factory.mktemp("markets")
    return {texts: make(folder / f"{texts.__name__}.db", texts) for texts in _ALL}


@pytest.fixture
def opened(markets: dict[Texts, Market], tmp_path: Path) -> Opened:
    """Serves a copy of the market of those texts."""
    return partial(_opened, markets, tmp_path)


@asynccontextmanager
async def _opened(
    markets: dict[Texts, Market], folder: Path, texts: Texts = harmless, **given: Any
) -> AsyncIterator[tuple[Page, Market]]:
    market = markets[texts]
    path = folder / market.path.name
    if not path.exists():
        shutil.copy(market.path, path)
        shutil.copy(market.path.with_suffix(".yaml"), path.with_suffix(".yaml"))
    copy = replace(market, path=path)
    async with serving(path, copy, pictures=Desk(), draft=copy.draft, **given) as page:
        yield page, copy


@pytest.fixture
def asked() -> Iterator[Asked]:
    """What pages read of their queries, while the test lasts."""
    with recorded() as found:
        yield found
