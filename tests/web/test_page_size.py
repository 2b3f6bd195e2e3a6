"""However much is written in the page's rules, the page stays one that a phone can show."""

from __future__ import annotations

import re
import shutil
from functools import partial
from pathlib import Path

import pytest

from tests.web.conftest import Furnished
from tests.web.furnished import RULES
from tests.web.serving import serving
from watcher.analysis.preview import preview
from watcher.page_text import PageText
from watcher.rules.files.loading import load
from watcher.rules.rulebook import Rulebook

HEAD = """\
channels: {me: {url: "json://127.0.0.1:9/"}}
defaults: {region: US, every: 24h, notify: me}
"""
LIST = "{sort: total_sale_7d_cnt desc}"
MOST = 150_000  # bytes


def rules(count: int, watch: str = LIST, above: int = 1) -> str:
    """So many rules; a ``watch`` with ``N`` in it is another one for each."""
    return "rules:\n" + "".join(
        f"  - {{name: r{each}, watch: {watch.replace('N', str(each + 10))}, "
        f"when: {{total_sale_7d_cnt: {{above: {above}}}}}}}\n"
        for each in range(count)
    )


async def sent(
    furnished: Furnished, folder: Path, do: str, text: str, *, in_force: str = ""
) -> tuple[int, str]:
    """The answer to a text, where another one is in force."""
    database, own = Path(shutil.copy(furnished.path, folder)), folder / "rules.yaml"
    own.write_text(HEAD + RULES)
    kept = PageText(in_force, 0)

    def draft(page: PageText) -> Rulebook:
        return load([own], {}, page=page, strict=True)

    shown = Furnished(database, load([own], {}, page=kept), furnished.now)
    async with serving(database, shown, draft=draft) as page:
        fields = {"token": await page.token(), "do": do, "text": text, "base": "0"}
        return await page.post("rules/page", fields)


@pytest.mark.parametrize("watch", [LIST, "{top: N}"])
async def test_of_hundreds_of_rules_some_are_shown(
    furnished: Furnished, tmp_path: Path, watch: str
) -> None:
    """And how many there are, in the preview, and of those in force."""
    before, after = rules(600, watch), rules(600, watch, above=2)
    status, shown = await sent(furnished, tmp_path, "preview", after, in_force=before)
    assert status == 200
    assert len(shown.encode()) < MOST
    tried, own = (
        re.findall(rf'aria-labelledby="{name}".*?</section>', shown, re.DOTALL)
        for name in ("preview", "own")
    )
    assert tried[0].count("<tr data-key") == 50
    assert "The 50 rules that tell most are shown, of 600;" in tried[0]
    assert own[0].count("<li data-key") == 50
    assert "550 more are not shown." in own[0]


async def test_for_which_rules_there_was_no_time_is_said(
    furnished: Furnished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what tells it of all."""
    monkeypatch.setattr("watcher.analysis.preview._FEW_ROWS", 0)
    monkeypatch.setattr("watcher.web.pages.page_rules.preview", partial(preview, seconds=0.0))
    _, shown = await sent(furnished, tmp_path, "preview", rules(32))
    assert "16 of 32 rules were judged, for all would take too long; of the others" in shown
    assert "run watcher backtest" in shown


async def test_of_hundreds_of_errors_some_are_shown(furnished: Furnished, tmp_path: Path) -> None:
    """The heading counts all."""
    text = rules(400).replace("when:", "wen:")
    status, shown = await sent(furnished, tmp_path, "save", text)
    assert status == 422
    assert len(shown.encode()) < MOST
    assert re.search(r"\d+ more are not shown\.", shown)
