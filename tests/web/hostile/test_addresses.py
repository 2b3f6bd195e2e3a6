"""Every address of the page is known to these tests: by the tables of routes, and with samples."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from tests.web.hostile.conftest import Opened
from tests.web.hostile.market import harmless
from tests.web.hostile.samples import (
    ACTS,
    FACES,
    FIELDS,
    LEADING,
    LINKS,
    OTHERWISE,
    READS,
    STREAMS,
    VALUES,
    WRITES,
    address,
    fields_of,
    parameters,
    plain,
)
from tests.web.hostile.visitor import visiting
from watcher.web.app import STATIC

ALL = (*READS, *STREAMS, *LINKS, *WRITES, ACTS)


@pytest.mark.parametrize("route", ALL)
def test_each_parameter_has_a_sample(route: str) -> None:
    """Else say in ``samples.VALUES`` what to ask for."""
    if (named := {*parameters(route)}) or route in VALUES:
        assert set(VALUES.get(route, ())) == named
    assert "{" not in address(route, harmless)


@pytest.mark.parametrize("form", WRITES)
def test_each_form_has_its_fields(form: str) -> None:
    """Else say in ``samples.FIELDS`` what it takes, so that it does something."""
    assert fields_of(form, harmless)


def test_no_sample_is_of_what_is_gone() -> None:
    """Of a route that was renamed, say."""
    assert {*VALUES, *FACES} - {*ALL} == set()
    assert ({*FIELDS} | {*OTHERWISE}) - {*WRITES} == set()


async def test_the_tables_have_all_that_the_page_answers(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No address is beside them."""
    found, add = set[tuple[str, str]](), web.Resource.add_route

    def note(self: web.Resource, method: str, handler: Any, **given: Any) -> web.ResourceRoute:
        found.add((method, self.canonical))
        return add(self, method, handler, **given)

    monkeypatch.setattr(web.Resource, "add_route", note)
    async with opened():
        pass
    reads = {plain(route) for route in (*READS, *STREAMS, *LINKS)}
    styles = {f"/{folder}{name}" for name in STATIC for folder in ("static/", "act/static/")}
    assert {path for method, path in found if method == "GET"} == reads | styles
    assert {path for method, path in found if method == "POST"} == {
        plain(route) for route in (*WRITES, ACTS)
    }
    assert {method for method, _ in found} == {"GET", "HEAD", "POST"}


async def test_each_sample_is_found(opened: Opened) -> None:
    """There is something to be attacked."""
    async with opened() as (page, _market), visiting(page) as visitor:
        for route in (*READS, *LINKS):
            status = (await visitor.get(address(route, harmless))).status
            assert status == (303 if route in LEADING else 200), route
