"""Pictures of products by a real server: what is asked, what is kept, and what nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from PIL import Image

from tests.daemon.scheduling.desk import KEY, RULES, Bench, bare, bench_in, us
from watcher.daemon.scheduling.picture_cache import picture_key
from watcher.daemon.scheduling.pictures import GOOD_FOR
from watcher.rules.files.loading import load_text
from watcher.source.endpoints import COVERS
from watcher.source.picture_fetch import PictureFetcher
from watcher.source.picture_hosts import PictureHosts
from watcher.store.sql.siblings import Picture
from watcher.units import DAY


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A desk, whose pictures are had."""
    async with bench_in(tmp_path / "pictures") as made:
        yield made


async def test_ten_for_a_credit_and_once_a_day(bench: Bench) -> None:
    """From the simulated market over HTTP; what is in the cache is asked for no more."""
    assert await bench.shown(*range(1, 13)) == [*range(1, 12)]  # the last has none
    assert [len(each.split(",")) for each in bench.asked()] == [10, 1]
    assert await bench.spent() == 2
    assert bench.market.covers_asked == 11
    found = await bench.desk.shown(us(3))
    with Image.open(BytesIO(found["US", "3"])) as picture:
        assert (picture.format, picture.size) == ("JPEG", (240, 240))
    assert await bench.shown(*range(1, 13)) == [*range(1, 12)]
    assert (bench.market.covers_asked, await bench.spent()) == (11, 2)


async def test_a_token_makes_no_other_picture(bench: Bench) -> None:
    """The key is of the address without its query."""
    await bench.shown(1)
    assert picture_key(bare(1)) == picture_key(bare(1).partition("?")[0])
    assert picture_key(bare(1)) != picture_key(bare(2))
    assert bench.cache.get(picture_key(bare(1))) is not None


@pytest.mark.parametrize("how", ["no probe", "another key", "api.pictures"])
async def test_off(bench: Bench, how: str) -> None:
    """Nothing is asked before the probe found them with this key, or where they are off."""
    scanner = bench.desk.scanner
    if how == "no probe":
        await bench.writer.run(lambda db: db.execute("DELETE FROM probes"))  # type: ignore[attr-defined]
    elif how == "another key":
        scanner.book = load_text(RULES.format(key="another", url=bench.market.url, more=""))
    else:
        more = ", pictures: false"
        scanner.book = load_text(RULES.format(key=KEY, url=bench.market.url, more=more))
    assert await bench.shown(1, 2) == []
    assert await bench.writer.run(lambda db: bench.desk.covers(db, [1, 2])) == {}
    assert bench.market.requests == bench.market.covers_asked == 0


async def test_an_address_that_is_over_is_exchanged_anew(bench: Bench) -> None:
    """One that is good is used again where the cache has lost the picture."""
    await bench.shown(1)
    (path,) = bench.cache_files()
    path.unlink()
    assert await bench.shown(1) == [1]
    assert await bench.spent() == 1
    path.unlink()
    bench.clock.forward(GOOD_FOR)
    assert await bench.shown(1) == [1]
    assert len(bench.asked()) == 2


async def test_a_refused_picture_is_left_alone_for_a_day(bench: Bench) -> None:
    """Its signature is over, or it is none: 403 of the server."""
    bench.market.market.advance(2)  # what it signs is good by its own time, which was before

    def put(database: object) -> None:
        address = f"{bench.market.url}/simulator/covers/x.webp?x-expires=5&x-signature=0"
        picture = Picture(1, bench.clock.now(), address, bench.clock.now() + DAY)
        database.pictures.put([picture])  # type: ignore[attr-defined]

    await bench.writer.run(put)
    assert await bench.shown(1) == []
    assert bench.market.covers_asked == 1
    known = await bench.writer.run(lambda db: db.pictures.of([1], bench.clock.now()))
    assert "403" in str(known[1].error)
    assert await bench.shown(1) == []
    assert (bench.market.covers_asked, bench.asked()) == (1, [])
    bench.clock.forward(DAY)
    assert await bench.shown(1) == [1]


async def test_nobody_waits_for_a_host_that_is_silent(bench: Bench) -> None:
    """The message goes after ``wait`` with what came; then the host has its rest."""
    silent: list[asyncio.StreamWriter] = []

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        silent.append(writer)

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await bench.shown(1)
    timeout = aiohttp.ClientTimeout(total=0.3)
    assert bench.desk.fetcher is not None
    await bench.desk.fetcher.close()
    bench.desk.use(PictureFetcher(PictureHosts(url), timeout))
    now = bench.clock.now()
    pictures = [Picture(each, now, f"{url}/{each}.jpg", now + DAY) for each in (2, 3)]
    await bench.writer.run(lambda db: db.pictures.put(pictures))
    bench.desk.wait = 0.1
    assert await bench.shown(1, 2, 3) == [1]
    await bench.settled()
    assert len(silent) == 2
    assert await bench.shown(1, 2, 3) == [1]
    await bench.settled()
    assert len(silent) == 2
    known = await bench.writer.run(lambda db: db.pictures.of([2], now))
    assert known[2].address  # nothing was lost
    for writer in silent:
        writer.close()
    server.close()


async def test_a_page_wants_and_does_not_wait(bench: Bench) -> None:
    """What it wanted twice is fetched once; a crowd is turned away."""
    bench.desk.want([1, 2])
    bench.desk.want([1, 2])
    assert bench.market.covers_asked == 0
    await bench.settled()
    assert bench.market.covers_asked == 2
    covers = await bench.writer.run(lambda db: bench.desk.covers(db, [1, 2, 3]))
    assert {*covers} == {1, 2, 3}
    assert {*await bench.desk.present(covers)} == {1, 2}
    bench.desk.want([*range(3, 300)])
    await bench.settled()
    assert bench.market.covers_asked == 2


async def test_a_message_and_a_page_fetch_together(bench: Bench) -> None:
    """Each picture is asked for once."""
    bench.desk.want([1, 2, 3])
    assert await bench.shown(1, 2, 3) == [1, 2, 3]
    await bench.settled()
    assert (bench.market.covers_asked, await bench.spent()) == (3, 1)


async def test_caps_hold(tmp_path: Path) -> None:
    """What they don't leave is not asked, and a rest is taken."""
    async with bench_in(tmp_path, ", credits_per_day: 1") as bench:
        now = bench.clock.now()
        await bench.writer.run(lambda db: db.ledger.charge("w", 1, now))
        assert await bench.shown(1) == []
        assert bench.market.requests == 0


@pytest.mark.parametrize(
    ("fault", "rests"),
    [
        ({"status": 401}, True),
        ({"status": 402}, True),
        ({"status": 500}, True),
        ({"drop": True}, True),
        ({"status": 400}, False),
        ({"body": "<html>"}, False),
        ({"body": '{"code": 0, "data": [{"url": "x", "signed": "https://10.0.0.1/a"}]}'}, False),
    ],
)
async def test_an_answer_without_pictures(bench: Bench, fault: dict[str, Any], rests: bool) -> None:
    """Is asked for once; after trouble everything rests, after a refusal those alone."""
    bench.market.fail_next(**fault)
    assert await bench.shown(1) == []
    assert await bench.shown(1) == []
    assert bench.market.requests == 1
    assert await bench.shown(2) == ([] if rests else [2])
    bench.clock.forward(301)
    assert await bench.shown(3) == [3]


async def test_no_picture_of_a_strange_host(bench: Bench) -> None:
    """Whatever the conversion answers; unless the rule file names the host."""
    strange = "https://img.evil.example/a.jpg?s=1"
    answer = f'{{"code": 0, "data": {{"{bare(1)}": "{strange}"}}}}'
    bench.market.fail_next(body=answer)
    assert await bench.shown(1) == []
    known = await bench.writer.run(lambda db: db.pictures.of([1], bench.clock.now()))
    assert known[1].address is None
    assert PictureHosts("https://api.keyapi.ai", ["img.evil.example"]).allow(strange)


async def test_without_a_folder(tmp_path: Path) -> None:
    """Or with one that can't be written a message has its pictures all the same."""
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    for folder in (None, blocked):
        async with bench_in(folder) as bench:
            assert await bench.shown(1, 2) == [1, 2]
            assert bench.cache.size() == 0


async def test_other_rules_have_other_hosts(bench: Bench) -> None:
    """A reload that names a host is heard."""
    await bench.shown(1)
    before = bench.desk.fetcher
    scanner = bench.desk.scanner
    scanner.book = replace(
        scanner.book, api=replace(scanner.book.api, picture_hosts=("img.example.com",))
    )
    assert await bench.shown(2) == [2]
    assert bench.desk.fetcher is not before
    assert bench.desk.fetcher is not None
    assert bench.desk.fetcher.hosts.allow("https://img.example.com/a.jpg")


async def test_a_closed_desk_begins_nothing(bench: Bench) -> None:
    """Nor raises."""
    bench.desk.want([1])
    await bench.desk.close()
    assert await bench.shown(2) == []
    bench.desk.want([2])
    assert bench.desk.under_way == []
    assert COVERS.page_size == 10
