"""Pages that are open, in a browser: what changes is shown, and nothing that is read moves."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route, expect
from playwright.async_api import Page as Tab

from tests.fakes.world import World
from tests.web.browser.test_browser import tab
from tests.web.furnished import furnish
from tests.web.raw import PATIENCE
from tests.web.serving import Page, serving
from tests.web.streams import EAGER
from watcher.store.sqlite.database import Database
from watcher.web import news

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

# Waits are a fiftieth as long; what moved is noted, and how often the page was asked for anew.
_WATCHED = """
const [later, ask, Source] = [setTimeout.bind(window), fetch.bind(window), EventSource];
window.setTimeout = (what, after, ...rest) => later(what, after / 50, ...rest);
window.moved = []; window.asked = 0; window.streams = [];
window.fetch = async (...how) => {
    const answer = await ask(...how), text = await answer.clone().text();
    answer.text = async () => { window.asked += 1; return text; };
    return answer;
};
window.EventSource = class extends Source {
    constructor(address) { super(address); window.streams.push(this); }
};
new PerformanceObserver(seen => seen.getEntries().forEach(entry => entry.hadRecentInput
    || window.moved.push([entry.value, ...entry.sources.map(source =>
        source.node && (source.node.outerHTML || source.node.nodeValue || "").slice(0, 120))])
)).observe({type: "layout-shift", buffered: true});
"""
_PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


_HIDDEN = """
Object.defineProperty(document, "hidden", { get: () => true });
document.dispatchEvent(new Event("visibilitychange"));
"""


@dataclass
class Lively:
    """A page whose world goes on."""

    page: Page
    world: World
    events: int = 0

    def scan(self, **sales: float) -> None:
        """A day later, the list has other numbers; products by ``p`` and their id."""
        self.events += 1
        values = {"1": 150.0 + self.events, "2": 80.0 + self.events, "3": 3.0}
        values |= {key.removeprefix("p"): value for key, value in sales.items()}
        self.world.scan(
            {
                key: {"total_sale_7d_cnt": value, "spu_avg_price": 12.99}
                for key, value in values.items()
            }
        )

    async def silence(self) -> None:
        """Somebody adds a silence."""
        now = self.world.now
        await self.page.sources.write(
            lambda database: database.silences.add(begins=now, ends=now + 86_400, rule="zzz")
        )


@pytest_asyncio.fixture(loop_scope="session")
async def lively(tmp_path: Path) -> AsyncIterator[Lively]:
    """The furnished page, with its world at hand."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as database:
        world = furnish(database)
        async with serving(path, world, limits=EAGER) as page:
            made = Lively(page, world)
            made.scan()  # what was pending for long fires
            yield made


@asynccontextmanager
async def watched(
    browser: Browser, url: str, size: tuple[int, int] = (1280, 700)
) -> AsyncIterator[Tab]:
    """A tab on a page that notes what moves in it."""
    async with tab(browser, size) as page:
        await page.add_init_script(_WATCHED)
        await page.goto(url)
        await until(page, "window.streams[0]?.readyState === 1")
        yield page


async def until(page: Tab, so: str) -> None:
    """Wait for something in the page; the driver's own waits need what the policy forbids."""
    async with asyncio.timeout(PATIENCE):
        while not await page.evaluate(so):
            await page.evaluate(_PAINTED)


async def hears(page: Tab, change: Callable[[], object]) -> None:
    """Something changes, and the page has asked for itself anew and shown what it may."""
    asked = await page.evaluate("window.asked")
    result = change()
    if asyncio.iscoroutine(result):
        await result
    await until(page, f"window.asked > {asked}")
    await page.evaluate(_PAINTED)


@pytest.mark.long
async def test_nothing_moves_over_50_events(browser: Browser, lively: Lively) -> None:
    """On several pages at once, scrolled and not, on a desk and on a phone: not by a pixel."""
    url = lively.page.site.url
    sights = [
        ("", (1280, 700), 0), ("", (390, 844), 500), ("alerts", (1280, 700), 0),
        ("rules/taking-off", (1280, 500), 200), ("outbox", (390, 600), 150),
        ("watches", (1440, 900), 0), ("rules", (390, 844), 100),
        ("products/US/1", (1280, 700), 300),
    ]  # fmt: skip
    async with _tabs(browser, url, sights) as tabs:
        at = [await each.evaluate("scrollY") for each in tabs]
        assert [y > 0 for y in at] == [y > 0 for _, _, y in sights]
        for number in range(50):
            new = {f"p{number}": 500.0} if number % 5 == 4 else {}
            lively.scan(**new)
            if number == 20:
                lively.page.ill = "the part delivery stands still"
            await asyncio.gather(*(hears(each, lively.silence) for each in tabs[:1]))
        for each in tabs:
            await until(each, "window.asked > 3")
            await each.evaluate(_PAINTED)
        assert [await each.evaluate("window.moved") for each in tabs] == [[]] * len(tabs)
        assert [await each.evaluate("scrollY") for each in tabs] == at


@asynccontextmanager
async def _tabs(
    browser: Browser, url: str, sights: list[tuple[str, tuple[int, int], int]]
) -> AsyncIterator[list[Tab]]:
    if not sights:
        yield []
        return
    path, size, down = sights[0]
    async with watched(browser, f"{url}{path}", size) as page:
        await page.evaluate(f"scrollTo(0, {down})")
        async with _tabs(browser, url, sights[1:]) as others:
            yield [page, *others]


async def test_what_moves_is_seen(browser: Browser, lively: Lively) -> None:
    """The measure is not blind: a row put in before what is read is noted."""
    async with watched(browser, lively.page.site.url) as page:
        await page.wait_for_timeout(20)
        await page.evaluate(
            "document.querySelector('main').prepend(document.createElement('hr'), 'x')"
        )
        await until(page, "window.moved.length")


async def test_new_alerts_are_offered(browser: Browser, lively: Lively) -> None:
    """By a word and a button, which shows them and leads to the first."""
    async with watched(browser, lively.page.site.url) as page:
        rows = page.locator("#firing-now [data-key]")
        before = await rows.count()
        await hears(page, lambda: lively.scan(p7=900.0, p8=800.0))
        await expect(page.get_by_role("status")).to_have_text("New here: 2")
        assert await rows.count() == before
        await page.get_by_role("button", name="Show").click()
        await expect(rows).to_have_count(before + 2)
        await expect(page.get_by_role("button", name="Show")).to_be_hidden()
        await expect(page.locator(":focus")).to_have_text(re.compile("Product [78]"))
        await expect(page.locator(":focus")).to_be_in_viewport()
        await expect(page.get_by_role("status")).to_have_text("")


async def test_what_fits_is_shown_at_once(browser: Browser, lively: Lively) -> None:
    """A number of as many digits, in its place; nobody is asked."""
    async with watched(browser, f"{lively.page.site.url}watches") as page:
        cell = page.locator("td[data-label='Products']").first
        await expect(cell).to_have_text("3")
        await hears(page, lambda: lively.scan(p4=1.0))
        await expect(cell).to_have_text("4")
        await expect(page.locator(".news button")).to_be_hidden()


# The pause after a question ends when the test says so, and events are counted.
_PAUSED = """
const soon = window.setTimeout;
window.setTimeout = (what, after, ...rest) =>
    after === 2000 ? (window.resume = what) && 1 : soon(what, after, ...rest);
window.heard = 0;
const Stream = window.EventSource;
window.EventSource = class extends Stream {
    constructor(address) {
        super(address);
        this.addEventListener("message", () => { window.heard += 1; });
    }
};
"""


async def test_what_changes_right_after_is_shown_too(browser: Browser, lively: Lively) -> None:
    """A page asks once in two seconds: of what it hears between it asks after them."""
    async with tab(browser) as page:
        await page.add_init_script(_WATCHED + _PAUSED)
        await page.goto(f"{lively.page.site.url}watches")
        await until(page, "window.streams[0]?.readyState === 1")
        cell = page.locator("td[data-label='Products']").first
        await hears(page, lambda: lively.scan(p4=1.0))
        await until(page, "!!window.resume")
        heard = await page.evaluate("window.heard")
        lively.scan(p4=1.0, p5=1.0)
        await until(page, f"window.heard > {heard}")
        await page.evaluate("window.resume()")
        await expect(cell).to_have_text("5")


async def test_a_question_that_fails_is_asked_again(browser: Browser, lively: Lively) -> None:
    """Until then the page says that it may be old, though it is connected."""
    url = f"{lively.page.site.url}watches"
    async with browser_tab_that_may_complain(browser, url) as page:
        failing = True

        async def answer(route: Route) -> None:
            await (route.fulfill(status=503, body="away") if failing else route.continue_())

        await page.route(url, answer)
        lively.scan(p4=1.0)
        status = page.get_by_role("status")
        await expect(status).to_have_text("Not connected: this may be old")
        failing = False
        await expect(page.locator("td[data-label='Products']").first).to_have_text("4")
        await expect(status).to_have_text("")


async def test_health_is_said(
    browser: Browser, lively: Lively, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the daemon is ill is no mere change."""
    monkeypatch.setattr(news, "ILL", 0.1)
    async with watched(browser, lively.page.site.url) as page:
        lively.page.ill = "the part delivery stands still"
        await expect(page.get_by_role("status")).to_contain_text("delivery", timeout=20_000)
        await expect(page.locator("#health-now")).to_contain_text("delivery")
        await expect(page.get_by_role("button", name="Show")).to_be_hidden()


async def test_what_the_visitor_did_is_kept(browser: Browser, lively: Lively) -> None:
    """A field that is written in, what is unfolded and ticked, the focus and what is marked: while
    news come, and when all is shown."""
    url = f"{lively.page.site.url}rules/taking-off"
    async with tab(browser) as page:
        await page.add_init_script(_WATCHED)
        await page.route(url, _with_boxes)
        await page.goto(url)
        await page.get_by_text("Silence this rule").click()
        await page.get_by_label("For").select_option("3 days")
        await page.get_by_label("Comment").fill("half a sent")
        box = page.locator("#firing-now [data-key=A4] input")
        await box.check()
        field = page.get_by_label("Comment")
        await field.focus()
        for new, press in ("p7", None), ("p8", "Show"):
            await hears(page, partial(lively.scan, **{new: 900.0}))
            if press:
                await page.get_by_role("button", name=press).click()
                await expect(page.locator("#firing-now [data-key]")).to_have_count(3)
            else:
                await expect(field).to_be_focused()
                await page.keyboard.type("ence")
            await expect(box).to_be_checked()
            await expect(field).to_have_value("half a sentence")
            await expect(page.get_by_label("For")).to_have_value("3d")
            await expect(page.locator("details.silence")).to_have_attribute("open", "")


async def _with_boxes(route: Route) -> None:
    """The page as it is, with a box in each row."""
    answer = await route.fetch()
    text = (await answer.text()).replace(
        '<div class="what">', '<div class="what"><input type="checkbox" aria-label="row">'
    )
    await route.fulfill(response=answer, body=text)


async def test_a_tab_that_nobody_sees(browser: Browser, lively: Lively) -> None:
    """Gives its connection back, asks for nothing, and shows all when it is looked at again."""
    async with watched(browser, lively.page.site.url) as page:
        await _hide(page, hidden=True)
        await until(page, "window.streams.at(-1).readyState === 2")
        asked = await page.evaluate("window.asked")
        lively.scan(p7=900.0)
        await lively.silence()
        assert await page.evaluate("window.asked") == asked
        await page.evaluate("performance.now = () => 1e9")
        await _hide(page, hidden=False)
        await expect(page.locator("#firing-now").get_by_text("Product 7")).to_be_visible()
        assert await page.evaluate("window.streams.at(-1).readyState") < 2


async def _hide(page: Tab, *, hidden: bool) -> None:
    await page.evaluate(
        f"Object.defineProperty(document, 'hidden', {{value: {str(hidden).lower()}, "
        "configurable: true}); document.dispatchEvent(new Event('visibilitychange'))"
    )


async def test_without_the_daemon_it_says_so(browser: Browser, lively: Lively) -> None:
    """It does not look well for ever."""
    async with browser_tab_that_may_complain(browser, lively.page.site.url) as page:
        await lively.page.site.stop()
        await expect(page.get_by_role("status")).to_have_text("Not connected: this may be old")


@asynccontextmanager
async def browser_tab_that_may_complain(browser: Browser, url: str) -> AsyncIterator[Tab]:
    """The browser says on its console that a server is away."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.add_init_script(_WATCHED)
    await page.goto(url)
    await until(page, "window.streams[0].readyState === 1")
    yield page
    await context.close()


@pytest.mark.parametrize(
    "put_in",
    [
        "const one = add('script'); one.textContent = 'window.ran = 1'; document.body.append(one)",
        "const one = add('script'); one.src = 'http://localhost:1/x.js'; document.body.append(one)",
        "document.body.setAttribute('onclick', 'window.ran = 1'); document.body.click()",
        "setTimeout('window.ran = 1')",
        "const one = add('a'); one.href = 'javascript:window.ran = 1'; one.click()",
        "fetch('http://localhost:1/').catch(() => 0)",
    ],
)
async def test_no_other_script_runs(browser: Browser, lively: Lively, put_in: str) -> None:
    """The policy lets our file run, and nothing that stands in a page or comes from elsewhere."""
    async with browser_tab_that_may_complain(browser, lively.page.site.url) as page:
        refused = page.evaluate(
            "() => new Promise(done => { addEventListener('securitypolicyviolation', "
            "event => done(event.effectiveDirective)); "
            f"const add = name => document.createElement(name); try {{ {put_in} }} catch {{}} }})"
        )
        directive = await asyncio.wait_for(refused, PATIENCE)
        assert directive.startswith(("script-src", "connect-src"))
        assert await page.evaluate("window.ran") is None


async def test_markup_in_what_is_new(browser: Browser, lively: Lively) -> None:
    """Stays text, as on the page itself."""
    async with watched(browser, lively.page.site.url) as page:
        name = '<img src=x onerror="window.ran = 1"><script>window.ran = 1</script>'
        await lively.page.sources.write(
            lambda database: _rename(database, name)  # type: ignore[arg-type]
        )
        await hears(page, lambda: lively.scan(p1=400.0))
        await (
            page.locator(".news button").or_(page.get_by_text("<img src=x").first).first.wait_for()
        )
        assert await page.evaluate("window.ran") is None
        assert await page.locator("main img, main script").count() == 0


def _rename(database: Database, name: str) -> None:
    database.execute("UPDATE products SET product_name = ? WHERE product_id = '2'", (name,))


async def test_tabs_that_are_left_hold_up_no_page(browser: Browser, lively: Lively) -> None:
    """Browsers have six connections to a site: who goes through more tabs than that, one after the
    other, sees each of them, and the one that is seen has the connection."""
    context = await browser.new_context()
    try:
        pages = []
        for _turn in range(8):
            page = await context.new_page()
            await page.add_init_script(
                "window.streams = []; const Source = EventSource; window.EventSource = class "
                "extends Source { constructor(to) { super(to); window.streams.push(this); } };"
            )
            await page.goto(lively.page.site.url, timeout=10_000)
            await until(page, "window.streams[0]?.readyState === 1")
            pages.append(page)
            await page.evaluate(_HIDDEN)
        for page in pages[:-1]:
            await until(page, "window.streams[0].readyState === 2")
        assert await pages[-1].evaluate("window.streams[0].readyState") == 1
    finally:
        await context.close()
