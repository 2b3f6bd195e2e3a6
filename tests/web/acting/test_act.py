"""What the buttons do: each thing once, with the products and by the rules of the message alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.store.making import DAY
from tests.web.acting.message import OLD, OTHER, TOKEN, Told, acting, form_of, offered
from tests.web.serving import Page
from watcher.store.sql.silences import Silence

Acting = tuple[Page, Told]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Acting]:
    """A page with a message's links."""
    async with acting(tmp_path) as made:
        yield made


def _number(made: Told, product: str) -> int:
    return [each.product_id for each in made.message.items].index(product) + 1


def _silences(made: Told) -> list[Silence]:
    return made.look(lambda database: database.silences.list())


async def test_the_message_leads_to_its_products(site: Acting) -> None:
    """A link of the whole message names them; each page says what was told, and can be styled."""
    page, made = site
    status, text = await page.get(f"act/{TOKEN}")
    assert status == 200
    assert offered(text) == []
    for number in range(1, len(made.message.items) + 1):
        assert f'href="../act/{TOKEN}/{number}"' in text
    status, text = await page.get(f"act/{TOKEN}/{_number(made, '1')}")
    assert status == 200
    assert "300" in text
    assert "sells [well]" in text
    assert 'href="../../products/US/1"' in text
    assert offered(text) == ["acknowledge", "snooze", "follow", "never", "never"]
    assert (await page.get("act/static/style.css"))[0] == 200


async def test_names_are_harmless(site: Acting) -> None:
    """A product's name is no markup, and loads nothing."""
    page, made = site
    for path in (f"act/{TOKEN}", f"act/{TOKEN}/{_number(made, '1')}"):
        _, text = await page.get(path)
        assert "alert(1)" in text
        assert "<script" not in text
        assert "<img" not in text


async def test_to_snooze(site: Acting) -> None:
    """The product alone, by all rules, for 7 days; it can be undone, and done again."""
    page, made = site
    path = f"act/{TOKEN}/{_number(made, '2')}"
    fields = form_of((await page.get(path))[1], "snooze")
    for claimed in ("snooze", "undo", "again", "never"):  # an address alone says nothing
        assert 'role="status"' not in (await page.get(f"{path}?done={claimed}"))[1]
    assert await page.post(path, fields) == (303, f"/{path}?done=snooze")
    assert page.woken == 1
    (silence,) = _silences(made)
    assert dict(silence.patterns) == {"product": "2"}
    assert silence.ends - silence.begins == 7 * DAY
    assert silence.comment == "from a message to me"
    _, text = await page.get(f"{path}?done=snooze")
    assert "Snoozed for 7 days." in text
    undo = form_of(text, "undo")
    for _ in range(2):  # twice is once
        assert await page.post(path, undo) == (303, f"/{path}?done=undo")
    assert not _silences(made)[0].is_on(made.now)
    # What was sent before does nothing any more.
    assert await page.post(path, fields) == (303, f"/{path}?done=again")
    assert len(_silences(made)) == 1
    anew = form_of((await page.get(path))[1], "snooze")
    assert (await page.post(path, anew))[0] == 303
    assert await page.post(path, undo) == (303, f"/{path}?done=undo")
    assert _silences(made)[0].is_on(made.now)


async def test_never_again(site: Acting) -> None:
    """By that rule, of just its name, and without end; the other rule goes on."""
    page, made = site
    path = f"act/{TOKEN}/{_number(made, '1')}"
    fields = form_of((await page.get(path))[1], "never", "sells [well]")
    assert (await page.post(path, fields))[1].endswith("?done=never")
    (silence,) = _silences(made)
    assert silence.is_endless
    assert silence.covers_rule("sells [well]")
    assert not silence.covers_rule("sells w")
    assert not silence.covers_rule("sells")
    _, text = await page.get(path)
    assert offered(text) == ["acknowledge", "snooze", "follow", "undo", "never"] or offered(
        text
    ) == ["acknowledge", "snooze", "follow", "never", "undo"]
    _, text = await page.get("silences")
    assert "without end" in text
    token = await page.token()
    status, way = await page.post("silences/end", {"token": token, "id": str(silence.id)})
    assert (status, way) == (303, f"/silences?notice=ended&n={silence.id}")


async def test_to_follow(site: Acting) -> None:
    """Once; what was followed before is not unfollowed from here."""
    page, made = site
    path = f"act/{TOKEN}/{_number(made, '3')}"
    fields = form_of((await page.get(path))[1], "follow")
    assert (await page.post(path, fields))[1].endswith("?done=follow")
    assert made.look(lambda database: database.followed.ids()) == ("3",)
    _, text = await page.get(path)
    assert (await page.post(path, form_of(text, "undo")))[0] == 303
    assert made.look(lambda database: database.followed.ids()) == ()
    made_before = form_of((await page.get(path))[1], "follow")
    await page.sources.write(lambda database: database.followed.add(["3"], made.now, "mine"))
    _, text = await page.get(path)
    assert "Followed" in text
    assert "follow" not in offered(text)
    assert "undo" not in offered(text)
    assert (await page.post(path, made_before))[0] == 303
    assert "undo" not in offered((await page.get(path))[1])


async def test_to_acknowledge(site: Acting) -> None:
    """All alerts of the product that the message tells of, as far as they fire."""
    page, made = site
    number = _number(made, "1")
    path = f"act/{TOKEN}/{number}"
    fields = form_of((await page.get(path))[1], "acknowledge")
    assert (await page.post(path, fields))[1].endswith("?done=acknowledge")
    item = made.message.items[number - 1]
    alerts = {int(each[1:]) for each in (item.alert, *(one.alert for one in item.also))}
    assert len(alerts) == 2
    assert made.look(lambda database: database.alerts.acknowledged(range(9))) == alerts
    _, text = await page.get("alerts")
    assert text.count("<span>acknowledged</span>") == 2
    _, text = await page.get(path)
    await page.post(path, form_of(text, "undo"))
    assert made.look(lambda database: database.alerts.acknowledged(range(9))) == set()


async def test_an_alert_that_is_over(site: Acting) -> None:
    """There is nothing to acknowledge."""
    page, _ = site
    await page.sources.write(
        lambda database: database.execute("UPDATE alerts SET state = 'inactive'")  # type: ignore[attr-defined]
    )
    _, text = await page.get(f"act/{TOKEN}/1")
    assert "acknowledge" not in offered(text)
    assert "The alert is over" in text


async def test_only_what_the_message_tells_of(site: Acting) -> None:
    """A rule or a deed that it does not name, another number, and another message's forms."""
    page, made = site
    path, other = f"act/{TOKEN}/{_number(made, '1')}", f"act/{TOKEN}/{_number(made, '2')}"
    _, text = await page.get(path)
    before = made.rows()
    form = form_of(text, "snooze")
    assert (await page.post(other, form))[0] == 403
    assert (await page.post(f"act/{OTHER}/{_number(made, '1')}", form))[0] == 403
    assert (await page.post(f"act/{TOKEN}/4", form))[0] in {403, 404}
    for wrong in (
        {"do": "never", "rule": "nobody"}, {"do": "never", "rule": ""}, {"do": "burn"},
        {"do": "snooze", "rule": "sells"}, {"do": "undo", "deed": "1"}, {"do": "undo"},
        {"do": "undo", "deed": "x" * 99}, {"do": "again"}, {"do": ""},
    ):  # fmt: skip
        assert (await page.post(path, form | wrong))[0] == 400, wrong
    assert made.rows() == before


async def test_another_channels_deed_is_not_undone(site: Acting) -> None:
    """It shows what is so, and offers no undoing of it."""
    page, made = site
    path = f"{_number(made, '2')}"
    _, text = await page.get(f"act/{OTHER}/{path}")
    await page.post(f"act/{OTHER}/{path}", form_of(text, "snooze"))
    _, text = await page.get(f"act/{OTHER}/{path}")
    deed = form_of(text, "undo")["deed"]
    _, text = await page.get(f"act/{TOKEN}/{path}")
    assert "Snoozed until" in text
    assert "undo" not in offered(text)
    stolen = form_of(text, "follow") | {"do": "undo", "deed": deed}
    assert (await page.post(f"act/{TOKEN}/{path}", stolen))[0] == 400
    assert _silences(made)[0].is_on(made.now)


async def test_links_that_are_over(site: Acting) -> None:
    """They say so, offer nothing, and do nothing with a form of before."""
    page, made = site
    status, text = await page.get(f"act/{OLD}/1")
    assert (status, offered(text)) == (410, [])
    assert "older than 14 days" in text
    _, text = await page.get(f"act/{TOKEN}/1")
    form = form_of(text, "snooze")
    await page.sources.write(lambda database: database.links.revoke([1], made.now))
    for answer in (await page.get(f"act/{TOKEN}/1"), await page.post(f"act/{TOKEN}/1", form)):
        assert answer[0] == 410
        assert "revoked" in answer[1]
    assert not _silences(made)
    await page.sources.write(lambda database: database.execute("DELETE FROM notifications"))  # type: ignore[attr-defined]
    assert (await page.get(f"act/{TOKEN}/1"))[0] == 404
