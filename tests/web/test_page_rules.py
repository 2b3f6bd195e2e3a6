"""Rules that are written in the page, over real HTTP: checked, previewed, saved, undone."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import aiohttp
import msgspec
import pytest

from tests.web.conftest import Furnished
from tests.web.furnished import RULES
from tests.web.serving import Page, serving
from watcher.analysis.backtest import backtests
from watcher.analysis.preview import preview
from watcher.page_text import LARGEST, PAGE_FILE, PageText
from watcher.rules.files.loading import load
from watcher.rules.rulebook import Rulebook
from watcher.store.sql.page_rules import PageVersion
from watcher.store.sqlite.database import Database
from watcher.units import DAY

HEAD = """\
channels: {me: {url: "json://127.0.0.1:9/"}}
defaults: {region: US, every: 24h, notify: me}
"""
LIST = "{sort: total_sale_7d_cnt desc}"
TEXT = f"""\
rules:
  - name: paged
    watch: {LIST}
    when: {{total_sale_7d_cnt: {{above: 70}}}}
"""
OTHER = TEXT.replace("paged", "others")


@dataclass
class Desk:
    """A page with an editor, the user's own file beside it, and the book that is in force."""

    page: Page
    own: Path
    database: Path
    book: Rulebook

    async def send(
        self, do: str, text: str, base: int | None = None, **more: str
    ) -> tuple[int, str]:
        """Status, and the text or where it leads."""
        token, current = await self.page.token(), await self.current()
        fields = {
            "token": token, "do": do, "text": text, "back": "/rules/page",
            "base": str(current.number if base is None else base), **more,
        }  # fmt: skip
        return await self.page.post("rules/page", fields)

    async def undo(self, version: int) -> tuple[int, str]:
        """Back to a version."""
        fields = {"version": str(version), "base": str((await self.current()).number)}
        return await self.page.post("rules/page/undo", {"token": await self.page.token(), **fields})

    async def current(self) -> PageText:
        """The text in force, as it is kept."""
        return await self.page.sources.read(lambda database: database.page_rules.current())

    async def versions(self) -> list[PageVersion]:
        """All that are kept."""
        return await self.page.sources.read(lambda database: database.page_rules.versions())


@asynccontextmanager
async def desk_of(
    furnished: Furnished, folder: Path, rules: str = HEAD + RULES, *, token: str = "",
    page_url: str | None = None, page_text: str = "",
) -> AsyncIterator[Desk]:  # fmt: skip
    """The furnished database with the editor; ``page_text`` is in force already."""
    database = Path(shutil.copy(furnished.path, folder))
    own = folder / "rules.yaml"
    own.write_text(rules)
    if page_text:
        with Database.open(database) as opened:
            opened.page_rules.save(page_text, furnished.now, base=0, who="ann")
    book = load([own], {}, page=PageText(page_text, 1 if page_text else 0))
    draft = partial(_load, own)
    shown = replace(furnished, book=book)
    async with serving(database, shown, token=token, page_url=page_url, draft=draft) as page:
        yield Desk(page, own, database, book)
    assert own.read_text() == rules  # whatever is done in the page


def _load(own: Path, page: PageText) -> Rulebook:
    return load([own], {}, page=page, strict=True)


@pytest.fixture
async def desk(furnished: Furnished, tmp_path: Path) -> AsyncIterator[Desk]:
    """With nothing written so far."""
    async with desk_of(furnished, tmp_path) as made:
        yield made


def area(text: str) -> str:
    """The text in the editor."""
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", text, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


class TestSaving:
    """A text is checked, and saved."""

    async def test_a_text_is_saved_once(self, desk: Desk) -> None:
        """As lines, by whom, with one record of it; and the daemon is woken."""
        status, where = await desk.send("save", TEXT.replace("\n", "\r\n"))
        assert (status, where) == (303, "/rules/page?notice=rules_saved&n=1")
        assert await desk.current() == PageText(TEXT, 1)
        (version,) = await desk.versions()
        assert (version.who, version.at) == ("local", desk.page.sources.now())
        assert desk.page.woken == 1
        _, text = await desk.page.get("rules/page?notice=rules_saved&n=1")
        assert "Version 1 is saved" in text
        assert area(text) == TEXT
        records = await desk.page.sources.read(lambda database: database.audit.list())
        assert [(each.who, each.what, each.subject) for each in records] == [
            ("local", "edit rules", PAGE_FILE)
        ]
        assert (records[0].before, records[0].after) == (None, {"version": 1, "bytes": len(TEXT)})

    async def test_nothing_in_place_of_nothing_changes_nothing(self, desk: Desk) -> None:
        """There is no version of it, and no record."""
        status, where = await desk.send("save", "\r\n")
        assert status == 303
        text = (await desk.page.get(where.removeprefix("/")))[1]
        assert "Nothing was saved: the text is empty, as it was." in text
        assert await desk.versions() == []
        assert await desk.page.sources.read(lambda database: database.audit.list()) == []

    async def test_the_same_text_changes_nothing(self, desk: Desk) -> None:
        """Nor is it recorded."""
        await desk.send("save", TEXT)
        status, where = await desk.send("save", f"{TEXT}\n\n")
        assert (status, where) == (303, "/rules/page?notice=rules_same&n=1")
        assert len(await desk.versions()) == 1
        records = await desk.page.sources.read(lambda database: database.audit.list())
        assert len(records) == 1

    @pytest.mark.parametrize("do", ["save", "check", "preview", ""])
    async def test_what_is_wrong_is_told_at_its_line(self, desk: Desk, do: str) -> None:
        """The line is quoted and marked, the text is kept, and nothing saved."""
        wrong = TEXT.replace("above", "abov")
        status, text = await desk.send(do, wrong.replace("\n", "\r\n"))
        assert status == 422
        assert "page.yaml:4:" in text
        assert "<mark>abov</mark>" in text
        assert "did you mean" in text
        assert area(text) == wrong
        assert await desk.versions() == []

    async def test_the_own_files_are_told_without_their_lines(self, desk: Desk) -> None:
        """They may hold secrets."""
        own = desk.own.read_text()
        desk.own.write_text(own + "hush: secret-word\n")
        status, text = await desk.send("save", TEXT)
        desk.own.write_text(own)
        assert status == 422
        assert "rules.yaml:" in text
        assert "secret-word" not in text

    async def test_a_check_saves_nothing(self, desk: Desk) -> None:
        """It says that all is well, and what is doubtful."""
        doubtful = f"watches: {{idle: {{sort: total_sale_7d_cnt desc, top: 30}}}}\n{TEXT}"
        status, text = await desk.send("check", doubtful)
        assert status == 200
        assert "No errors. Nothing was saved yet." in text
        assert "Doubts" in text  # no rule reads it
        assert "page.yaml:1:" in text
        assert area(text) == doubtful
        assert await desk.versions() == []

    async def test_who_comes_second_sees_both(self, desk: Desk) -> None:
        """Nothing is lost, and who saves once more has seen it."""
        await desk.send("save", TEXT)
        status, text = await desk.send("save", OTHER, base=0)
        assert status == 409
        assert "Somebody else has saved meanwhile" in text
        assert "version 1, which was saved before yours; save once more" in text
        assert "in force now" not in text  # it is loaded in a moment
        assert "<del>-  - name: paged" in text
        assert "<ins>+  - name: others" in text
        assert area(text) == OTHER
        found = re.search(r'class="editor">.*?name="base" value="(\d+)"', text, re.DOTALL)
        assert found is not None
        assert found[1] == "1"
        assert await desk.current() == PageText(TEXT, 1)
        assert (await desk.send("save", OTHER, base=1))[0] == 303
        assert await desk.current() == PageText(OTHER, 2)

    async def test_a_form_without_its_version_is_none(self, desk: Desk) -> None:
        """Nor one that another site sent, or that is old."""
        fields = {"token": await desk.page.token(), "text": TEXT, "base": "x", "do": "save"}
        assert (await desk.page.post("rules/page", fields))[0] == 400
        fields = {"text": TEXT, "base": "0", "do": "save"}
        assert (await desk.page.post("rules/page", fields))[0] == 403
        fields["token"] = await desk.page.token()
        other = {"Origin": "https://evil.example"}
        assert (await desk.page.post("rules/page", fields, other))[0] == 403
        assert await desk.versions() == []

    async def test_a_restart_takes_no_text_away(self, desk: Desk) -> None:
        """A form of the watcher of before does nothing, and the page has its text with a token that
        holds: to be sent once more. Of another site nothing is shown."""
        await desk.send("save", TEXT)
        fields = {"token": "1234567890abcdef." + "0" * 64, "text": OTHER, "base": "1", "do": "save"}
        status, text = await desk.page.post("rules/page", fields)
        assert status == 403
        assert "started anew" in text
        assert area(text) == OTHER
        assert await desk.current() == PageText(TEXT, 1)
        found = re.search(r'class="editor">.*?name="token" value="([^"]+)"', text, re.DOTALL)
        assert found is not None
        assert (await desk.page.post("rules/page", {**fields, "token": found[1]}))[0] == 303
        assert await desk.current() == PageText(OTHER, 2)
        other = {"Origin": "https://evil.example"}
        status, text = await desk.page.post("rules/page", fields, other)
        assert (status, "textarea" in text) == (403, False)


class TestUndoing:
    """No version is lost."""

    async def test_each_version_can_be_had_again(self, desk: Desk) -> None:
        """As a new one; also the empty text of before."""
        await desk.send("save", TEXT)
        await desk.send("save", OTHER)
        assert await desk.undo(1) == (303, "/rules/page?notice=rules_saved&n=3")
        assert await desk.current() == PageText(TEXT, 3)
        assert (await desk.undo(0))[0] == 303
        assert await desk.current() == PageText("", 4)
        assert [each.restores for each in await desk.versions()] == [0, 1, None, None]
        _, text = await desk.page.get("rules/page")
        assert "the text of version 1 again" in text
        records = await desk.page.sources.read(lambda database: database.audit.list())
        assert records[1].after == {"version": 3, "as": 1, "bytes": len(TEXT)}

    async def test_what_can_not_be_used_any_more_is_not_had_again(self, desk: Desk) -> None:
        """It is told what is wrong with it, and it may be mended."""
        await desk.send("save", TEXT)
        await desk.send("save", "")
        own = desk.own.read_text()
        desk.own.write_text(own.replace("taking-off", "paged"))
        status, text = await desk.undo(1)
        desk.own.write_text(own)
        assert status == 422
        assert "already used at" in text
        assert area(text) == TEXT
        assert await desk.current() == PageText("", 2)

    @pytest.mark.parametrize("version", ["7", "-1", "x", "", "1" * 30])
    async def test_a_version_that_is_not_there(self, desk: Desk, version: str) -> None:
        """Neither looked at nor had again."""
        token = await desk.page.token()
        fields = {"token": token, "base": "0", "version": version}
        assert (await desk.page.post("rules/page/undo", fields))[0] == 400
        assert (await desk.page.get(f"rules/page?version={version}"))[0] == 404
        assert (await desk.page.get(f"api/page.json?version={version}"))[0] == 404

    async def test_a_version_shows_what_it_changed(self, desk: Desk) -> None:
        """Line by line."""
        await desk.send("save", TEXT)
        await desk.send("save", TEXT.replace("70", "80"))
        _, text = await desk.page.get("rules/page?version=2")
        assert "<del>-    when: {total_sale_7d_cnt: {above: 70}}</del>" in text
        assert "<ins>+    when: {total_sale_7d_cnt: {above: 80}}</ins>" in text
        found = json.loads((await desk.page.get("api/page.json?version=1"))[1])
        assert (found["number"], found["text"]) == (1, TEXT)

    async def test_older_versions_are_on_other_pages(self, desk: Desk) -> None:
        """Each with a dozen."""
        for number in range(14):
            await desk.page.sources.write(
                lambda database, at=number: database.page_rules.save(  # type: ignore[misc]
                    f"# {at}\n", desk.page.sources.now(), base=at, who="ann"
                )
            )
        _, text = await desk.page.get("rules/page")
        assert text.count("<tr data-key") == 12
        assert "?before=3#history" in text
        _, text = await desk.page.get("rules/page?before=3")
        assert text.count("<tr data-key") == 2


class TestPreview:
    """What a text would have told."""

    async def test_it_is_what_a_backtest_of_the_text_as_a_file_tells(
        self, desk: Desk, tmp_path: Path
    ) -> None:
        """Message for message, alert for alert."""
        text = (
            f"{TEXT}  - {{name: two, watch: {LIST}, when: {{total_sale_7d_cnt: {{above: 30}}}}}}\n"
        )
        status, shown = await desk.send("preview", text)
        assert status == 200
        assert await desk.versions() == []
        folder = tmp_path / "folder"
        folder.mkdir()
        (folder / "own.yaml").write_text(desk.own.read_text())
        (folder / "page.yaml").write_text(text)
        book, now = load([folder], {}), desk.page.sources.now()
        rules = [rule for rule in book.rules if rule.name in ("paged", "two")]
        with Database.open(desk.database, readonly=True) as database:
            wanted = backtests(database, book, rules, (now - 90 * DAY, now))
            after = load([desk.own], {}, page=PageText(text, 1), strict=True)
            found = preview(database, desk.book, after, now, lambda: 0.0)
        assert found.days == 90
        assert found.found is not None
        assert msgspec.json.encode(found.found) == msgspec.json.encode(wanted)
        assert sum(each.fired for each in wanted.rules) > 3
        told = {each.rule: max(one.messages for one in each.channels) for each in wanted.rules}
        for rule in wanted.rules:
            row = re.search(rf'<tr data-key="{rule.rule}">(.*?)</tr>', shown, re.DOTALL)
            assert row is not None
            cells = [int(each) for each in re.findall(r'class="n">(\d+)<', row[1])]
            assert cells == [told[rule.rule], rule.products, rule.fired, rule.firing]
        assert shown.count('<li class="alert">') > 1
        assert "products/US/" in shown

    async def test_a_new_list_is_judged_by_the_nearest_one(self, desk: Desk) -> None:
        """And it is said by which, and what it costs."""
        text = (
            "watches: {mine: {sort: total_sale_7d_cnt desc, top: 40}}\n"
            "rules: [{name: new, watch: mine, when: {total_sale_7d_cnt: {above: 100}}}]\n"
        )
        status, shown = await desk.send("preview", text)
        assert status == 200
        assert "its own list was never read: this is the nearest one" in shown
        assert re.search(r'"row">mine</th>.*?class="n">4<', shown, re.DOTALL)
        assert '<li class="alert">' in shown

    async def test_of_another_market_nothing_is_near(self, desk: Desk) -> None:
        """So nothing is shown of it."""
        text = "rules: [{name: new, watch: {region: GB}, when: {total_sale_7d_cnt: {above: 1}}}]\n"
        status, shown = await desk.send("preview", text)
        assert status == 200
        assert "Nothing is stored of the lists of these rules yet" in shown

    async def test_a_text_without_rules(self, desk: Desk) -> None:
        """Also that of a report alone."""
        assert "No rule stands in the text" in (await desk.send("preview", ""))[1]
        report = f"reports: {{daily: {{at: '08:00', watch: {LIST}}}}}\n"
        assert (await desk.send("preview", report))[0] == 200


class TestWho:
    """Who may write."""

    async def test_a_page_that_is_open_to_others_needs_a_token(
        self, furnished: Furnished, tmp_path: Path
    ) -> None:
        """Without one it shows the text, and takes none."""
        url = "https://example.com/"
        async with desk_of(furnished, tmp_path, page_url=url, page_text=TEXT) as desk:
            status, text = await desk.page.get("rules/page")
            assert status == 200
            assert "<textarea" not in text
            assert html.escape(TEXT.splitlines()[1]) in text
            status, text = await desk.send("save", "")
            assert status == 403
            assert "role" in text
            assert (await desk.undo(0))[0] == 403
            assert await desk.current() == PageText(TEXT, 1)

    async def test_nor_is_it_taken_through_a_proxy(self, desk: Desk) -> None:
        """Whose visitors are not at this machine."""
        fields = {"token": await desk.page.token(), "text": TEXT, "base": "0", "do": "save"}
        passed = {"X-Forwarded-For": "192.0.2.7"}
        assert (await desk.page.post("rules/page", fields, passed))[0] == 403
        assert await desk.versions() == []

    async def test_who_has_the_token_writes(self, furnished: Furnished, tmp_path: Path) -> None:
        """From wherever."""
        async with (
            desk_of(furnished, tmp_path, token="s3cret", page_url="https://example.com/") as desk,
            aiohttp.ClientSession(headers={"Authorization": "Bearer s3cret"}) as session,
        ):
            async with session.get(f"{desk.page.site.url}rules/page") as answer:
                found = re.search(r'name="token" value="([^"]+)"', await answer.text())
            assert found is not None
            fields = {"token": found[1], "text": TEXT, "base": "0", "do": "save"}
            where = f"{desk.page.site.url}rules/page"
            async with session.post(where, data=fields, allow_redirects=False) as answer:
                assert answer.status == 303
            async with aiohttp.ClientSession() as nobody, nobody.post(where, data=fields) as answer:
                assert answer.status == 401
            assert await desk.current() == PageText(TEXT, 1)

    async def test_a_page_without_a_rule_file_has_no_editor(self, furnished_page: Page) -> None:
        """Nor takes it a text."""
        _, text = await furnished_page.get("rules/page")
        assert "<textarea" not in text
        fields = {"token": await furnished_page.token(), "text": "", "base": "0"}
        assert (await furnished_page.post("rules/page", fields))[0] == 409


class TestShowing:
    """What is shown of it."""

    async def test_a_hostile_text_is_shown_as_it_is(self, desk: Desk) -> None:
        """And is no markup, in the editor, in errors and in differences."""
        hostile = '\n\n# </textarea></pre><script>alert(1)</script> "&\u202e\n' + TEXT
        assert (await desk.send("save", hostile))[0] == 303
        for path in ("rules/page", "rules/page?version=1"):
            _, text = await desk.page.get(path)
            assert "<script>alert" not in text
        # What turns the reading direction is shown as a blank, as everywhere.
        assert area(text) == hostile.replace("\u202e", " ")
        _, text = await desk.send("save", f"{TEXT}x: <script>alert(2)</script>\n")
        assert "<script>alert" not in text

    @pytest.mark.parametrize(
        ("text", "status"),
        [
            ("# " + "x" * (LARGEST - 3) + "\n", 303), ("# " + "\u4e2d" * (LARGEST // 3 - 1), 303),
            ("# " + "x" * LARGEST, 422), ("x: \0", 422), ("a: &a [*a]\n", 422),
            ("x" * 300_000, 413),
        ],
    )  # fmt: skip
    async def test_a_large_text(self, desk: Desk, text: str, status: int) -> None:
        """One may be as large as it says, and no other form is any larger."""
        assert (await desk.send("check" if status == 200 else "save", text))[0] == status
        fields: Mapping[str, str] = {"token": await desk.page.token(), "rule": "x" * 70_000}
        assert (await desk.page.post("silences", fields))[0] == 413

    async def test_more_rules_stand_at_the_end(self, desk: Desk) -> None:
        """Those that another page hands over; they are not saved."""
        await desk.send("save", TEXT)
        _, text = await desk.page.get("rules/page?add=rules%3A%0A%20-%20name%3A%20more%0A")
        assert area(text) == f"{TEXT}  - name: more\n"
        assert "They are in force once you save." in text
        assert await desk.current() == PageText(TEXT, 1)

    async def test_a_rule_says_where_it_stands(self, furnished: Furnished, tmp_path: Path) -> None:
        """With a link to the editor where it is written in the page."""
        async with desk_of(furnished, tmp_path, page_text=TEXT) as desk:
            _, text = await desk.page.get("rules/paged")
            assert '<a href="../rules/page">page.yaml:2</a>' in text
            _, text = await desk.page.get("rules/taking-off")
            assert re.search(r"It stands in \S+rules.yaml:\d+, a file of yours", text)
            _, text = await desk.page.get("rules/page")
            assert '<a href="../rules/paged">paged</a>' in text
            assert 'href="./rules/page"' in (await desk.page.get("rules"))[1]

    async def test_a_rule_may_be_called_page(self, furnished: Furnished, tmp_path: Path) -> None:
        """Then it is found all the same."""
        named = TEXT.replace("paged", "page")
        async with desk_of(furnished, tmp_path, page_text=named) as desk:
            assert 'href="./rules/page?rule"' in (await desk.page.get("rules"))[1]
            assert "<h1>page</h1>" in (await desk.page.get("rules/page?rule"))[1]
            assert "<textarea" in (await desk.page.get("rules/page"))[1]

    async def test_what_is_left_out_is_told(self, furnished: Furnished, tmp_path: Path) -> None:
        """With its line, on the page and to programs."""
        broken = TEXT + "  - {name: two, watch: gone, when: {total_sale_7d_cnt: {above: 1}}}\n"
        async with desk_of(furnished, tmp_path, page_text=broken) as desk:
            _, text = await desk.page.get("rules/page")
            assert "Left out" in text
            assert "<mark>gone</mark>" in text
            found = json.loads((await desk.page.get("api/page.json"))[1])
            assert [each["line"] for each in found["left_out"]] == [5]
            assert found["rules"] == ["paged"]

    async def test_for_programs(self, desk: Desk) -> None:
        """The text as data, and as the file that it stands for."""
        await desk.send("save", TEXT)
        found = json.loads((await desk.page.get("api/page.json"))[1])
        assert (found["file"], found["number"], found["text"]) == (PAGE_FILE, 1, TEXT)
        assert [each["who"] for each in found["versions"]] == ["local"]
        assert await desk.page.get("api/page.yaml") == (200, TEXT)

    async def test_a_version_that_is_not_loaded_yet_is_told(self, desk: Desk) -> None:
        """For a moment the one before is in force."""
        await desk.send("save", TEXT)
        _, text = await desk.page.get("rules/page")
        assert "version 1 is loaded in a moment</p>" in text
