"""People who have the page open meanwhile: tabs that hear what changes, a reader who follows every
link, and one who writes rules in the page."""

from __future__ import annotations

import asyncio
import html
import random
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from tests.faults.gated import LOOSE_CHANNELS

TABS = ("", "alerts", "watches", "watches/wide", "outbox", "rules", "followed")
OWN_RULE = "of-the-page"
_RULES = f"""\
rules:
  - name: {OWN_RULE}
    watch: wide
    when: {{total_sale_7d_cnt: {{rises: @SHARE@%, from: last}}}}
    notify: [{LOOSE_CHANNELS[0]}]
"""
_BAD = 0.3  # of the texts that are to be saved
_PAUSE = 0.5, 3.0  # seconds between two pages of the reader
_SAVE_PAUSE = 5.0, 40.0
_KNOWN = 5_000  # links that the reader remembers
_PATIENCE = aiohttp.ClientTimeout(total=60, sock_read=None)
_BROKEN = (aiohttp.ClientError, TimeoutError)


@dataclass
class Visitors:
    """Visits one after another of the page at ``url``, which ends with a slash, counted by kind,
    until cancelled; breaches are answers that no visitor may ever get. ``look`` asks the daemon's
    database."""

    url: str
    chance: random.Random
    look: Callable[[str], int]
    counts: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """All of them at once."""
        await asyncio.gather(*map(self._tab, TABS), self._reader(), self._editor())

    async def _page(self, session: aiohttp.ClientSession, path: str, **headers: str) -> str:
        """One page; "" where there is none (any more)."""
        async with session.get(self._at(path), headers=headers) as answer:
            text = await answer.text()
            self.counts["page: read"] += 1
            if answer.status >= 500:
                self.breaches.append(f"/{path} answered {answer.status}: {_words(text)}")
            return text if answer.status == 200 else ""

    def _at(self, path: str) -> URL:
        return URL(f"{self.url}{path}", encoded=True)

    async def _tab(self, path: str) -> None:
        """A page that is open, and comes back whenever its stream ends."""
        while True:
            with suppress(*_BROKEN):
                async with aiohttp.ClientSession(timeout=_PATIENCE) as session:
                    await self._stay(session, path)
            self.counts["page: stream ended"] += 1
            await asyncio.sleep(1)

    async def _stay(self, session: aiohttp.ClientSession, path: str) -> None:
        page = await self._page(session, path)
        mark = re.search(r'data-mark="([^"]*)"', page)
        kinds = {kind for each in re.findall(r'data-live="([^"]*)"', page) for kind in each.split()}
        if mark is None:
            self.breaches.append(f"/{path} can't hear what changes: {_words(page)}")
            await asyncio.sleep(60)
            return
        here = {"Referer": f"{self.url}{path}"}
        query = {"mark": html.unescape(mark[1]), "of": " ".join(sorted(kinds))}
        open_ended = aiohttp.ClientTimeout(total=None)
        events = self._at("events").with_query(query)
        async with session.get(events, headers=here, timeout=open_ended) as stream:
            if stream.status != 200:
                self.breaches.append(f"/events answered {stream.status}")
            async for line in stream.content:
                if line.startswith(b"data:"):
                    self.counts["page: told of a change"] += 1
                    await self._page(session, path, **here, **{"X-Watcher-Live": "1"})

    async def _reader(self) -> None:
        """Follows links, whichever they are."""
        known = {""}
        while True:
            path = self.chance.choice(sorted(known))
            with suppress(*_BROKEN):
                async with aiohttp.ClientSession(timeout=_PATIENCE) as session:
                    page = await self._page(session, path)
                    known |= self._links(path, page)
                    if not page or len(known) > _KNOWN:
                        known = {""}
            await asyncio.sleep(self.chance.uniform(*_PAUSE))

    def _links(self, path: str, page: str) -> set[str]:
        """Paths of the same site that a page leads to."""
        found = set()
        for each in re.findall(r'href="([^"#]+)"', page):
            there = str(self._at(path).join(URL(html.unescape(each), encoded=True)))
            if there.startswith(self.url):
                found.add(there.removeprefix(self.url))
        return found

    async def _editor(self) -> None:
        """Saves a rule in the page, some of them with an error."""
        saved = 0
        while True:
            await asyncio.sleep(self.chance.uniform(*_SAVE_PAUSE))
            bad = self.chance.random() < _BAD
            share = f"{self.chance.uniform(1, 400):.6f}{'x' * bad}"
            with suppress(*_BROKEN):
                status, said = await self._save(_RULES.replace("@SHARE@", share))
                self.counts[f"page: rules answered {status}"] += 1
                if status != (422 if bad else 303) and not _is_of_own_files(status, said):
                    self.breaches.append(f"rules of the page: {status} for {share}%: {said[-900:]}")
                saved += status == 303
                noted = self.look("SELECT count(*) FROM audit WHERE what = 'edit rules'")
                if noted < saved:
                    self.breaches.append(f"the audit knows {noted} of {saved} saved rules")

    async def _save(self, text: str) -> tuple[int, str]:
        """The status, and what is said."""
        async with aiohttp.ClientSession(timeout=_PATIENCE) as session:
            page = await self._page(session, "rules/page")
            fields = dict(re.findall(r'name="(token|back|base)" value="([^"]*)"', page))
            fields |= {"do": "save", "text": text}
            async with session.post(
                self._at("rules/page"),
                data=fields,
                headers={"Origin": str(URL(self.url).origin())},
                allow_redirects=False,
            ) as answer:
                return answer.status, await answer.text()


def _is_of_own_files(status: int, page: str) -> bool:
    """Whether nothing was saved because the user's own files are broken at the moment."""
    wrong = re.findall(r'<span class="where">([^<]*)</span>', page)
    return status == 422 and bool(wrong) and not any("page.yaml" in where for where in wrong)


def _words(page: str) -> str:
    """What a page says, without its head."""
    said = re.sub(r"<[^>]*>", " ", page.partition("<main")[2])
    return " ".join(said.split())[:300]
