"""``watcher source probe``, against a real server."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.cli.siblings import BARE, ID, KEY, SELLER, Siblings
from tests.cli.source.asking import write
from watcher.rules.files.loading import load
from watcher.source.endpoints import (
    CATEGORIES,
    COVER_PATHS,
    COVERS,
    PRODUCT_DETAIL,
    PRODUCT_TRENDS,
    SHOP_PRODUCTS,
    SIBLINGS,
)
from watcher.store.sqlite.database import Database

HOST = "echosell-images.tos-ap-southeast-1.volces.com"
PATHS = {endpoint.path for endpoint in SIBLINGS}


@pytest.mark.usefixtures("database")
def test_each_is_asked_once(watcher: Command, server: Siblings, folder: Path) -> None:
    """Said before, paid, kept with what came of it; the key is told nobody else."""
    result = watcher("source", "probe", "--yes")
    assert result.code == 0, result.err
    assert f"This asks {server.url} up to 8 times, for 1 credit each:" in result.out
    assert f"shop: {SHOP_PRODUCTS.path}?seller_id={SELLER}" in result.out
    assert "path: a guess, the likeliest" in result.out
    assert [path for path, _ in server.asked] == [endpoint.path for endpoint in SIBLINGS]
    assert server.keys == {f"Bearer {KEY}"}
    asked = dict(server.asked)
    assert asked[PRODUCT_DETAIL.path] == {"product_ids": ID}
    assert asked[COVERS.path] == {"cover_urls": BARE}
    assert asked[PRODUCT_TRENDS.path]["product_id"] == ID
    credential = load([folder / "rules.yaml"], {}).api.credential
    with Database.open(folder / "watcher.db") as store:
        probes = store.probes.all()
        assert {name: each.works for name, each in probes.items()} == dict.fromkeys(
            [endpoint.name for endpoint in SIBLINGS], True
        )
        assert {each.credential for each in probes.values()} == {credential}
        assert KEY not in credential
        assert store.categories.names() == {"601450": "Beauty"}
        assert store.ledger.spent(int(time.time())).day == 5


@pytest.mark.usefixtures("database")
def test_the_servers_own_words(watcher: Command, server: Siblings, folder: Path) -> None:
    """Word for word, with the status; the exit code tells that one was refused."""
    said = "parameter [seller_id] is deprecated; use shopId"
    server.refuse(SHOP_PRODUCTS.path, 400, said)
    server.refuse(CATEGORIES.path, 403, "this endpoint is not part of your plan")
    result = watcher("source", "probe", "--yes", "--json")
    assert result.code == 1
    found = {each["endpoint"]: each for each in json.loads(result.out)}
    assert (found["shop"]["status"], found["shop"]["words"]) == (400, said)
    assert (found["shop"]["works"], found["detail"]["works"]) == (False, True)
    assert found["categories"]["words"] == "this endpoint is not part of your plan"
    assert found["shop"]["path"] == SHOP_PRODUCTS.path
    assert "for 1 credit each" in result.err
    assert len(server.asked) == 5  # none a second time
    with Database.open(folder / "watcher.db") as store:
        assert store.probes.found("shop") is None
        assert store.probes.all()["shop"].words == said
        assert store.categories.names() == {}
    shown = watcher("source", "probe", "--yes").out
    assert said in shown
    assert "refused" in shown


@pytest.mark.usefixtures("database")
def test_an_answer_that_is_none(watcher: Command, server: Siblings) -> None:
    """Products of other sellers, a page, nothing, a code: the endpoint does not work."""
    server.give(SHOP_PRODUCTS.path, [{"product_id": "1", "seller_id": "2"}])
    server.give(PRODUCT_DETAIL.path, [])
    server.answers[PRODUCT_TRENDS.path] = 200, b"<html>hello</html>"
    server.give(CATEGORIES.path, None, code=5001, message="not open yet")
    server.answers[COVERS.path] = 302, b""
    found = {
        each["endpoint"]: each
        for each in json.loads(watcher("source", "probe", "--yes", "--json").out)
    }
    assert not any(each["works"] for each in found.values())
    assert "it ignores seller_id" in found["shop"]["found"]
    assert "that proves nothing" in found["detail"]["found"]
    assert found["trends"]["words"] == "<html>hello</html>"
    assert found["categories"]["words"] == "code 5001: not open yet"
    assert "would be a second request" in found["covers"]["words"]
    assert len(server.asked) == 5


@pytest.mark.usefixtures("database")
def test_nothing_is_asked_unasked(watcher: Command, server: Siblings) -> None:
    """Without --yes and without a terminal it only says what it would cost."""
    result = watcher("source", "probe")
    assert result.code == 1
    assert "this costs up to 8 credits; say --yes to do it" in result.err
    assert server.asked == []


def test_what_there_is_no_id_for(watcher: Command, server: Siblings, folder: Path) -> None:
    """Is not asked; ids can be given. Without a database one is made."""
    (folder / "rules.yaml").write_text(
        f'api: {{key: "{KEY}", url: "{server.url}"}}\n'
        "rules: [{name: a, watch: {region: US}, when: {review_count: 1}}]\n"
    )
    result = watcher("source", "probe", "--yes", "--json")
    assert result.code == 0
    assert [path for path, _ in server.asked] == [CATEGORIES.path]
    found = {each["endpoint"]: each for each in json.loads(result.out)}
    assert found["shop"]["found"] == "not asked: no seller's id is known"
    assert found["shop"]["asked"] is None
    given = ("--seller", f"tiktok.com/shop/store/x/{SELLER}", "--product", ID, "--endpoint", "shop")
    assert watcher("source", "probe", "--yes", *given).code == 0
    assert server.asked[-1] == (
        SHOP_PRODUCTS.path, {"seller_id": SELLER, "page_num": "1", "page_size": "10"}
    )  # fmt: skip


@pytest.mark.parametrize("picture", [True, False])
def test_a_picture_of_the_answers_before(
    watcher: Command, server: Siblings, folder: Path, *, picture: bool
) -> None:
    """Nothing is stored yet: covers are asked for what the shop's or the product's row has."""
    write(folder, server)
    cover = {"cover_url": f'[{{"url": "{BARE}", "index": 1}}]'} if picture else {}
    server.give(SHOP_PRODUCTS.path, [{"product_id": ID, "seller_id": SELLER, **cover}])
    server.give(PRODUCT_DETAIL.path, [{"product_id": ID, **cover}])
    result = watcher("source", "probe", "--yes")
    assert "with a picture's address from the answers before it" in result.out
    assert result.code == 0, result.out
    asked = [params for path, params in server.asked if path == COVERS.path]
    assert asked == ([{"cover_urls": BARE}] if picture else [])
    assert ("not asked: no picture's address is known" in result.out) != picture


@pytest.mark.parametrize("status", [302, 401, 402, 429, 500, 503])
def test_trouble_of_the_server_says_nothing(
    watcher: Command, server: Siblings, database: Path, status: int
) -> None:
    """Of an endpoint: what was found before stays, and what was not tried is not refused."""
    only = ("source", "probe", "--yes", "--endpoint", "shop", "--endpoint", "detail")
    assert watcher(*only[:5]).code == 0
    for path in (SHOP_PRODUCTS.path, PRODUCT_DETAIL.path):
        server.refuse(path, status, "come back later")
    result = watcher(*only)
    assert result.code == 1
    assert result.out.count("unclear") == 2
    with Database.open(database) as store:
        assert [(name, each.works) for name, each in store.probes.all().items()] == [("shop", True)]
    assert "the endpoint detail" in watcher("check").out
    assert "was refused" not in watcher("check").out


@pytest.mark.usefixtures("database")
def test_another_path(watcher: Command, server: Siblings, folder: Path) -> None:
    """For what is a guess; the one that worked is kept."""
    server.refuse(CATEGORIES.path, 404, "not found")
    server.give("/v2/names", [{"id": 7, "name": "Home", "children": [{"id": 71, "name": "Lamps"}]}])
    only = ("--endpoint", "categories")
    assert watcher("source", "probe", "--yes", *only).code == 1
    assert watcher("source", "probe", "--yes", *only, "--path", "categories=/v2/names").code == 0
    with Database.open(folder / "watcher.db") as store:
        probe = store.probes.found("categories")
        assert probe is not None
        assert probe.path == "/v2/names"
        assert store.categories.names() == {"7": "Home", "71": "Lamps"}
    assert watcher("source", "probe", "--path", "x=/y").code == 2
    assert watcher("source", "probe", "--path", "covers=y").code == 2


def test_caps_hold(watcher: Command, server: Siblings, database: Path, folder: Path) -> None:
    """What they don't leave is not asked; what was asked before is kept."""
    write(folder, server, caps=", credits_per_day: 2")
    result = watcher("source", "probe", "--yes")
    assert result.code == 1
    assert "trends: the rule file's cap on credits is reached" in result.err
    assert len(server.asked) == 2
    with Database.open(database) as store:
        assert [*store.probes.all()] == ["detail", "shop"]


def test_without_a_key(watcher: Command, server: Siblings, folder: Path) -> None:
    """Nothing is announced."""
    write(folder, server)
    rules = folder / "rules.yaml"
    rules.write_text(rules.read_text().replace(f'key: "{KEY}", ', ""))
    result = watcher("source", "probe", "--yes")
    assert result.code == 1
    assert "no key: set the environment variable KEYAPI_KEY" in result.err
    assert (result.out, server.asked) == ("", [])


def test_check_says_what_was_tried(
    watcher: Command, server: Siblings, database: Path, folder: Path
) -> None:
    """Once what was not, then what works and what was refused with this key, and no other."""
    untried = "not tried with a key by us"
    before = watcher("check").out
    assert before.count(untried) == 1
    assert "the endpoints detail, shop (read by mine, rival)" in before
    server.refuse(SHOP_PRODUCTS.path, 400, "no seller_id here")
    watcher("source", "probe", "--yes")
    shown = watcher("check").out
    assert untried not in shown
    assert "Endpoint detail: works with this key (tried" in shown
    assert "the endpoint shop (read by rival) was refused with this key" in shown
    assert 'HTTP 400: "no seller_id here"' in shown
    states = json.loads(watcher("check", "--json").out)["endpoints"]
    assert states == {"detail": "works", "shop": "refused"}
    write(folder, server, key="another-key-654321")
    assert untried in watcher("check").out


def test_check_names_ids(watcher: Command, server: Siblings, database: Path, folder: Path) -> None:
    """Sellers and categories that the rule file has."""
    rules = folder / "rules.yaml"
    rules.write_text(
        f'api: {{key: "{KEY}", url: "{server.url}"}}\n'
        f'sellers: {{"{SELLER}": GlowLab}}\n'
        'rules: [{name: a, watch: {region: US, category_id: "601450"},\n'
        '  when: {category_l2_id: {in: ["849672", "1"]}}}]\n'
    )
    assert "Categories" not in watcher("check").out
    watcher("source", "probe", "--yes")
    shown = watcher("check").out
    assert f"Sellers: GlowLab ({SELLER})." in shown
    assert "Categories: Beauty (601450)." in shown
    assert "no name is known of the categories 849672, 1: are they right?" in shown


def test_what_works_is_no_secret(watcher: Command, server: Siblings, database: Path) -> None:
    """The key stands nowhere in what is kept."""
    server.refuse(CATEGORIES.path, 401, f"the key {KEY} is not known")
    result = watcher("source", "probe", "--yes")
    assert KEY not in result.out + result.err
    assert KEY.encode() not in database.read_bytes()


@pytest.mark.usefixtures("database")
def test_covers_are_looked_for_at_the_likely_paths(
    watcher: Command, server: Siblings, folder: Path
) -> None:
    """One after the other, until one has something; that is kept, and said with what it costs."""
    for path in COVER_PATHS[:2]:
        server.refuse(path, 404, "no such path")
    server.give(COVER_PATHS[2], {BARE: f"https://{HOST}/a.webp?sign=1"})
    result = watcher("source", "probe", "--yes", "--endpoint", "covers")
    assert result.code == 0, result.err
    assert [path for path, _ in server.asked] == [*COVER_PATHS[:3]]
    assert f"or, where nothing is there: {COVER_PATHS[1]}" in result.out
    assert "Pictures of products are on" in result.out
    assert "1 credit" in result.out
    with Database.open(folder / "watcher.db") as store:
        probe = store.probes.found("covers")
        assert probe is not None
        assert probe.path == COVER_PATHS[2]
        assert store.ledger.spent(int(time.time())).day == 3
    status = json.loads(watcher("status", "--json").out)["pictures"]
    assert (status["on"], status["why"], status["bytes"]) == (True, None, 0)
    assert "Pictures of products: on." in watcher("status").out


@pytest.mark.usefixtures("database")
def test_covers_that_are_nowhere(watcher: Command, server: Siblings, folder: Path) -> None:
    """All paths are asked once, and pictures stay off; a refusal ends the search at once."""
    for path in COVER_PATHS:
        server.refuse(path, 404, "no such path")
    assert watcher("source", "probe", "--yes", "--endpoint", "covers").code == 1
    assert [path for path, _ in server.asked] == [*COVER_PATHS]
    status = json.loads(watcher("status", "--json").out)["pictures"]
    assert status["on"] is False
    assert "`watcher source probe` has not found" in status["why"]
    server.asked.clear()
    server.refuse(COVER_PATHS[0], 403, "not part of your plan")
    assert watcher("source", "probe", "--yes", "--endpoint", "covers").code == 1
    assert len(server.asked) == 1
    path = "covers=/v9/covers"
    server.refuse("/v9/covers", 404, "no such path")
    assert watcher("source", "probe", "--yes", "--endpoint", "covers", "--path", path).code == 1
    assert len(server.asked) == 2
    with Database.open(folder / "watcher.db") as store:
        assert store.probes.found("covers") is None


@pytest.mark.usefixtures("database")
def test_pictures_elsewhere_are_not_fetched(
    watcher: Command, server: Siblings, folder: Path
) -> None:
    """It is said whose host has to be named, and how they are switched off."""
    server.give(COVER_PATHS[0], {BARE: "https://img.elsewhere.example/a.webp?sign=1"})
    out = watcher("source", "probe", "--yes", "--endpoint", "covers").out
    assert "Pictures are at img.elsewhere.example, which is not known as the vendor's" in out
    write(folder, server, ", picture_hosts: [IMG.elsewhere.example]")
    out = watcher("source", "probe", "--yes", "--endpoint", "covers").out
    assert "Pictures of products are on" in out
    write(folder, server, ", pictures: false")
    out = watcher("source", "probe", "--yes", "--endpoint", "covers").out
    assert "stay off: api.pictures is off" in out
    assert "off (api.pictures is off)" in watcher("status").out
