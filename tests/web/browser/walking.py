"""All pages that links lead to, so that a new page is looked at without a word here; and what is
asked of each: measured in the page, by scripts that say what is wrong."""

from __future__ import annotations

import html
import re
from collections import Counter

import aiohttp
from yarl import URL

MOST = 2  # pages of one kind
# Of no page: what programs read, files, forms' answers, and the same page in another language.
_OTHERS = re.compile(r"/(api|static|metrics|healthz|act|pictures|events)\b|[?&]language=")


def kind_of(path: str) -> str:
    """The path without its names: ``/products/*/*?days&metric``."""
    url = URL(path, encoded=True)
    first, *rest = [each for each in url.raw_path.split("/") if each] or [""]
    if first == "books" and rest:
        first = f"books/*/{rest[1] if len(rest) > 1 else ''}"
        rest = rest[2:]
    return f"/{first}{'/*' * len(rest)}?{'&'.join(sorted(url.query))}"


async def all_pages(site: str, most: int = MOST) -> list[str]:
    """Paths of pages that links lead to from the first one, at most so many of a kind, the first
    ones found; and one that is none."""
    root, found, new = URL(site), list[str](), [""]
    seen, kinds = {""}, Counter[str]()
    async with aiohttp.ClientSession() as session:
        while new:
            path = new.pop(0)
            kinds[kind_of(f"/{path}")] += 1
            if kinds[kind_of(f"/{path}")] > most:
                continue
            here = URL(f"{site}{path}", encoded=True)
            async with session.get(here) as answer:
                assert answer.status == 200, path
                if answer.content_type != "text/html":
                    continue
                text = await answer.text()
            found.append(path)
            for each in re.findall(r'<a [^>]*href="([^"#]+)', text):
                target = here.join(URL(html.unescape(each), encoded=True))
                way = target.raw_path_qs.removeprefix(root.raw_path)
                is_page = target.origin() == root.origin() and not _OTHERS.search(f"/{way}")
                if is_page and way not in seen:
                    seen.add(way)
                    new.append(way)
    return [*found, "nowhere"]


# What is pressed and is too small for a thumb: 44 px where it stands for itself, 24 among words.
SMALL = """() => {
  const own = "nav a, form button, form input:not([type=hidden], [type=checkbox], [type=radio]), "
    + "form select, form textarea, summary, .more";
  const all = `${own}, a[href], button, input:not([type=hidden]), select, textarea`;
  const shown = each => each.checkVisibility({visibilityProperty: true}) && !each.closest(".skip")
    && each.getClientRects().length;
  return [...document.querySelectorAll(all)].filter(shown).flatMap(each => {
    const label = each.matches("[type=checkbox], [type=radio]") && each.closest("label");
    const box = (label || each).getBoundingClientRect();
    const least = each.matches(own) ? 43.9 : 23.9;
    return box.height < least || box.width < Math.min(least, 24)
      ? [`${each.outerHTML.slice(0, 90)}: ${box.width.toFixed(1)} x ${box.height.toFixed(1)}`] : [];
  });
}"""

# Texts that lie on each other: a card's label and its value, and what a plot says.
OVERLAPPING = """() => {
  const boxes = texts => texts.map(text => [text.textContent.trim(), text.getBoundingClientRect()])
    .filter(([text, box]) => text && box.width && box.height);
  const apart = (a, b) => a.right <= b.left + .5 || b.right <= a.left + .5
    || a.bottom <= b.top + .5 || b.bottom <= a.top + .5;
  const found = [];
  for (const plot of document.querySelectorAll("svg.plot")) {
    const all = boxes([...plot.querySelectorAll(".tick, .name, .legend")]);
    all.forEach(([name, box], i) => all.slice(i + 1).forEach(([other, its]) => {
      if (!apart(box, its)) found.push(`${name} on ${other}`);
    }));
  }
  for (const cell of document.querySelectorAll(".cards td[data-label]")) {
    const label = getComputedStyle(cell, "::before");
    if (label.content === "none" || !cell.getClientRects().length) continue;
    const free = parseFloat(getComputedStyle(cell).paddingLeft) - parseFloat(label.width);
    if (free < 4) found.push(`${cell.dataset.label} on its value`);
    if (cell.getBoundingClientRect().height + .5 < parseFloat(label.height)) {
      found.push(`${cell.dataset.label} on the next one`);
    }
  }
  return found;
}"""

# Cells without a word of what they are, once their heads are not shown.
UNLABELLED = """() => [...document.querySelectorAll("table")].filter(table => {
  const head = table.querySelector("thead");
  return head && !head.checkVisibility();
}).flatMap(table => [...table.querySelectorAll("tbody td:not([data-label])")]
  .map(cell => cell.outerHTML.slice(0, 90)))"""

WIDER = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")].filter(each =>
    each.getBoundingClientRect().right > width + 1 && !each.closest(".wide, pre, .skip"))
    .map(each => each.outerHTML.slice(0, 90)).slice(0, 3).concat(["wider than the window"]);
}"""

# What Tab should come to, in the order of the page.
REACHED = """() => [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
  .filter(each => each.checkVisibility({visibilityProperty: true}) && !each.disabled
    && !(each.closest("details:not([open])") && !each.matches("summary")))
  .map((each, number) => { each.dataset.number = number; return String(number); })"""
