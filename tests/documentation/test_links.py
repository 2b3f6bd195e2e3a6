"""Links from page to page, and to headings, lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


def links(page: Path) -> list[str]:
    """Where a page points to, but for code and other hosts."""
    found = _LINK.findall(_CODE.sub("", page.read_text("utf-8")))
    return [a or b for a, b in found if "://" not in (a or b)]


def anchors(page: Path) -> set[str]:
    """A page's headings, as their addresses are made of them."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-") for text in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """To a file of the repository, and to a heading that it has."""
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert ROOT in target.parents, link
        if anchor:
            assert anchor in anchors(target), link


def test_links_are_found() -> None:
    """The README points to the pages in docs/."""
    assert "docs/rules.md" in {link.partition("#")[0] for link in links(ROOT / "README.md")}


def test_modules_that_pages_name_exist() -> None:
    """A file that was renamed would send a reader nowhere. A bare name is that of a file at the
    top, or in a folder that its paragraph has named."""
    files = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("[btw]*/**/*.py")}
    named = 0
    for page in PAGES:
        for paragraph in page.read_text("utf-8").split("\n\n"):
            folders = {"", "watcher/"}
            for folder, name in re.findall(r"`([a-z_/]+/)?([a-z_]+\.py)?`", paragraph):
                here = {folder, f"watcher/{folder}"}
                folders |= here
                found = [each for each in (here if folder else folders) if each + name in files]
                assert found or not name, (page.name, folder + name)
                named += bool(name)
    assert named > 30
