"""Texts that are markup: a page of them has the elements of the same page without, and no more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TypeAlias
from urllib.parse import quote

import pytest
from markupsafe import escape

from tests.web.hostile.asked import ANY, Asked
from tests.web.hostile.conftest import Opened
from tests.web.hostile.market import Texts, harmless, hostile, lengthy
from tests.web.hostile.samples import FACES, LINKS, READS, WRITES, address, variants
from tests.web.hostile.structure import differences, queries, read
from tests.web.hostile.visitor import Answer, queries_of, token_on, visiting
from watcher.web.address import CONTENT_POLICY

SHOWN = (*READS, *LINKS)
Faces: TypeAlias = Mapping[str, list[str]]


async def _all(opened: Opened, texts: Texts, faces: Faces | None = None) -> dict[str, Answer]:
    """All pages, by route and query; by those to which their own links lead, where no others are
    given."""
    found = dict[str, Answer]()
    async with opened(texts) as (page, _market), visiting(page) as visitor:
        for route in SHOWN:
            path = address(route, texts)
            found[route] = await visitor.get(path)
            given = faces[route] if faces is not None else _faces(found[route], path)
            for query in dict.fromkeys((*given, *FACES.get(route, ()))):
                found[f"{route}?{query}"] = await visitor.get(f"{path}?{query}")
    return found


def _faces(answer: Answer, path: str) -> list[str]:
    """The queries of its links that name nothing of the market, but for the language."""
    if not answer.is_page:
        return []
    own = [each for each in queries(answer.text, path) if "language=" not in each]
    return [each for each in own if "some" not in each]


@pytest.mark.parametrize("texts", [hostile, lengthy])
async def test_names_are_never_markup(opened: Opened, texts: Texts) -> None:
    """Of whatever: the same elements with the same attributes, in the same places."""
    known = await _all(opened, harmless)
    faces: Faces = defaultdict(list)
    for route, _mark, query in (each.partition("?") for each in known):
        faces[route] += [query] if query else []
    found = await _all(opened, texts, faces)
    wrong = [
        f"{route}: {each}" for route in known for each in _different(known[route], found[route])
    ]
    assert wrong == []
    named = str(escape(texts("rule")))
    shown = [route for route, each in found.items() if each.is_page and named in each.text]
    assert len(shown) > 5


def _different(plain: Answer, other: Answer) -> Iterator[str]:
    """What the one page has, and the other has not."""
    if plain.status != other.status or plain.status >= 400:
        yield f"{plain.status}, {other.status}"
    if set(plain.headers) != set(other.headers):
        yield f"headers {set(plain.headers) ^ set(other.headers)}"
    for name in ("Content-Type", CONTENT_POLICY):
        if plain.headers[name] != other.headers[name]:
            yield other.headers[name]
    if other.is_page:
        yield from differences(plain.text, other.text)
        yield from (each for each in read(other.text).addresses if not is_ours(each))


def is_ours(there: str) -> bool:
    """Whether an address leads to a page of ours, or to a product in its shop."""
    return there.startswith(("./", "../", "?", "#", "https://www.tiktok.com/"))


async def test_what_is_asked_for_is_never_markup(opened: Opened, asked: Asked) -> None:
    """Each part of the query that a page reads, and one that none does."""
    wrong = []
    async with opened() as (page, _market), visiting(page) as visitor:
        for route in SHOWN:
            path = address(route, harmless)
            names = await queries_of(visitor, path, asked, route)
            for name in dict.fromkeys((*names[:40], "nothing")):
                plain, other = [
                    await visitor.get(f"{path}?{quote(name)}={quote(text('query'))}")
                    for text in (harmless, hostile)
                ]
                same = plain.status == other.status
                if not same or other.status >= 500:
                    wrong.append(f"{route}?{name}: {plain.status}, {other.status}")
                if other.is_page:
                    wrong += [
                        f"{route}?{name}: {each}" for each in differences(plain.text, other.text)
                    ]
    assert wrong == []
    assert len(asked.by_route) > 20
    assert {"q", "language", "notice"} <= asked.by_route["/products"]
    assert ANY not in asked.by_route["/products"]


@pytest.mark.parametrize("form", WRITES)
async def test_what_a_form_says_is_never_markup(opened: Opened, form: str) -> None:
    """In the answer, be it of a text that is refused."""
    wrong = []
    async with opened() as (page, _market), visiting(page) as visitor:
        token, path = await token_on(visitor), address(form, harmless)
        for fields in variants(form, harmless):
            for name in (*fields, "back"):
                other, *plain = [
                    await visitor.post(path, {**fields, "token": token, name: text})
                    for text in (hostile("rule"), harmless("rule"), "~!~")  # good, and none
                ]
                alike = [each for each in plain if each.status == other.status]
                if other.is_page and alike:
                    found = [[*differences(each.text, other.text)] for each in alike]
                    wrong += [f"{name}: {each}" for each in found if all(found)]
    assert wrong == []


@pytest.mark.parametrize(
    "markup",
    ["<b>x</b>", '" onmouseover=x "', "<!-- x -->", "<?x?>", "</p><p>", "<br/>", "<a href=//x>y"],
)
def test_markup_is_found(markup: str) -> None:
    """Wherever it comes from."""
    page = '<!doctype html><p title="{}">{}</p>'
    assert [*differences(page.format("x", "x"), page.format("y", "y"))] == []
    assert [*differences(page.format("x", "x"), page.format(markup, markup))]
