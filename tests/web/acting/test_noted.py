"""What a link did is recorded, in the name of the target that was told: each deed once."""

from __future__ import annotations

from pathlib import Path

from tests.web.acting.message import TOKEN, acting, form_of
from watcher.people import Via


async def test_every_deed_is_noted(tmp_path: Path) -> None:
    """And its being undone; what was so already, or is sent twice, leaves no second record."""
    async with acting(tmp_path) as (page, made):
        number = [each.product_id for each in made.message.items].index("1") + 1
        path = f"act/{TOKEN}/{number}"
        for what, done, undone in (
            ("acknowledge", "acknowledge", "take back"),
            ("snooze", "silence", "end silence"),
            ("follow", "follow", "unfollow"),
            ("never", "silence", "end silence"),
        ):
            before = len(made.look(lambda database: database.audit.list()))
            rule = "sells [well]" if what == "never" else ""
            fields = form_of((await page.get(path))[1], what, rule)
            for _ in range(2):
                assert (await page.post(path, fields))[0] == 303
            undo = form_of((await page.get(path))[1], "undo")
            for _ in range(2):
                assert (await page.post(path, undo))[0] == 303
            records = made.look(lambda database: database.audit.list())
            assert [each.what for each in records[: len(records) - before]] == [undone, done], what
            assert {(each.who, each.via) for each in records} == {("me/1", Via.LINK)}
            assert {each.at for each in records} == {made.now}
