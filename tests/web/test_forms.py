"""The forms: what they change, and who may send them."""

from __future__ import annotations

import aiohttp
import pytest

from tests.web.serving import Page
from watcher.message import NotificationState
from watcher.web.forms import Forms, own_path


@pytest.fixture
def page(furnished_page: Page) -> Page:
    """The page of the furnished database."""
    return furnished_page


async def counts(page: Page) -> dict[NotificationState, int]:
    """How many messages are in each state."""
    return await page.sources.read(lambda database: database.outbox.counts())


async def test_silence_a_rule(page: Page) -> None:
    """Exactly the rule of the page, however its name reads as a pattern; and end it."""
    fields = {
        "token": await page.token("rules/taking-off"),
        "rule": "a[b]*?",
        "exact": "1",
        "for": "2d",
        "comment": " <b>sale</b> week ",
        "back": "/rules/taking-off?x=1",
    }
    status, where = await page.post("silences", fields)
    assert (status, where) == (303, "/rules/taking-off?x=1&notice=silenced&n=1")
    (silence,) = await page.sources.read(lambda database: database.silences.list())
    assert silence.covers_rule("a[b]*?")
    assert not silence.covers_rule("abXY")
    assert silence.comment == "<b>sale</b> week"
    assert silence.ends - silence.begins == 2 * 86_400
    assert "Silence 1 is on." in (await page.get(where.removeprefix("/")))[1]
    end = {"token": fields["token"], "id": "1", "back": where}
    assert await page.post("silences/end", end) == (
        303,
        "/rules/taking-off?x=1&notice=ended&n=1",
    )
    assert "notice=over" in (await page.post("silences/end", end))[1]


async def test_silence_by_patterns(page: Page) -> None:
    """The silences' own page takes patterns; what it covers shows it."""
    fields = {"token": await page.token(), "product": "*serum*", "seller": "", "for": "1w"}
    assert (await page.post("silences", fields))[0] == 303
    assert "Silence 1" in (await page.get("products/US/1"))[1]
    assert "Silence 1" not in (await page.get("products/US/2"))[1]


async def test_silences_that_are_none(page: Page) -> None:
    """400 and why, in a page."""
    token = await page.token()
    for fields, said in (
        ({"for": "1d"}, "at least one pattern"),
        ({"rule": " ", "for": "1d"}, "at least one pattern"),
        ({"rule": "x", "for": "tomorrow"}, "is no duration"),
        ({"rule": "x"}, "is no duration"),
        ({"rule": "x", "for": "0s"}, "longer than 0"),
    ):
        status, text = await page.post("silences", {"token": token, **fields})
        assert status == 400
        assert said in text
    assert await page.sources.read(lambda database: database.silences.list()) == []


async def test_retry_and_drop(page: Page) -> None:
    """One, or all that are dead; the delivery is woken."""
    token = await page.token("outbox")
    dead = await page.sources.read(lambda database: database.outbox.list([NotificationState.DEAD]))
    before = await counts(page)
    status, where = await page.post("outbox/retry", {"token": token, "id": str(dead[0].id)})
    assert (status, where) == (303, "/outbox?notice=retried&n=1")
    assert page.woken == 1
    assert (await counts(page))[NotificationState.DEAD] == 1
    await page.post("outbox/drop", {"token": token, "id": str(dead[0].id)})
    assert (await counts(page))[NotificationState.DROPPED] == 1
    assert "n=1" in (await page.post("outbox/retry", {"token": token, "all": "dead"}))[1]
    after = await counts(page)
    assert after[NotificationState.DEAD] == 0
    assert after[NotificationState.WAITING] == before[NotificationState.WAITING] + 1
    assert (await page.post("outbox/retry", {"token": token}))[0] == 400
    assert (await page.post("outbox/drop", {"token": token, "all": "dead"}))[0] == 400


async def test_without_our_token(page: Page) -> None:
    """403, and nothing changes."""
    before = await counts(page)
    fields = {"rule": "x", "for": "1d", "id": "1", "all": "dead"}
    for path in ("silences", "silences/end", "outbox/retry", "outbox/drop"):
        assert (await page.post(path, fields))[0] == 403
        for token in ("", "x", "a.b", "ä.ö", "0.0.0"):
            assert (await page.post(path, {**fields, "token": token}))[0] == 403, (path, token)
    assert await counts(page) == before
    assert await page.sources.read(lambda database: database.silences.list()) == []
    assert page.woken == 0


async def test_where_a_form_comes_from(page: Page) -> None:
    """Another site's form is refused even with a token."""
    here = page.site.url.rstrip("/")
    fields = {"token": await page.token(), "rule": "x", "for": "1d"}
    for headers, status in (
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://named-otherwise.example"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": here}, 303),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[bad"}, 403),
        ({}, 303),
    ):
        assert (await page.post("silences", fields, headers))[0] == status, headers


async def test_a_token_of_another_process(page: Page) -> None:
    """A page that is older than the process says what to do."""
    status, text = await page.post("silences", {"token": Forms().token(), "rule": "x"})
    assert status == 403
    assert "reload the page" in text


async def test_bodies_that_are_no_form(page: Page) -> None:
    """Refused with what is wrong, never with an error of ours."""
    kind = "application/x-www-form-urlencoded"
    for data, content_type, status in (
        (b"{}", "application/json", 415),
        (b"token=%ff&\xff", kind, 400),
        (b"a=b", f"{kind}; charset=nonsense", 400),
        (b"a=" + b"x" * 70_000, kind, 413),
        (b"", kind, 403),
    ):
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"{page.site.url}silences", data=data, headers={"Content-Type": content_type}
            ) as answer,
        ):
            text = await answer.text()
            assert answer.status == status, (data[:20], text)
            assert ("more than the form may have" in text) is (status == 413)


async def test_reading_writes_nothing(page: Page) -> None:
    """The addresses of the forms take no GET."""
    for path in ("silences/end?id=1", "outbox/retry?all=dead", "outbox/drop?id=1"):
        assert (await page.get(path))[0] in (404, 405)


def test_ways_back() -> None:
    """Only to a page of ours."""
    assert own_path("/rules/x?a=b", "/") == "/rules/x?a=b"
    for text in ("//evil.example", "https://evil.example", "/\\evil", "x", "", "/a\r\nb", "/[//"):
        assert own_path(text, "/") == "/" or own_path(text, "/").startswith("/[")


async def test_tokens_differ_and_hold(page: Page) -> None:
    """Each page has another one, and each is good for the process that gave it."""
    tokens = {await page.token() for _ in range(5)}
    assert len(tokens) == 5
    for token in tokens:
        assert (await page.post("silences", {"token": token, "rule": "x", "for": "1d"}))[0] == 303
