"""Files beside the rules, as their user edits and loses them under a running daemon."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.process import Watcher, until
from tests.fakes.sink import Service
from watcher.source.simulator import Simulator

pytestmark = pytest.mark.end_to_end

RULES = """
channels:
  http: {url: "${SINK_URL}"}
operator: [http]
defaults: {region: US, every: 24h, notify: [http]}
facts: {file: products.csv}
watches:
  list: {sort: total_sale_7d_cnt desc, top: 20}
rules:
  - name: below
    watch: list
    when: {spu_avg_price: {at_most: target}, seller_id: {not_in: {file: ok.txt}}}
"""


@pytest.fixture
def watcher(tmp_path: Path, simulator: Simulator, sink: Service) -> Watcher:
    """A folder with the rules above and their files."""
    ready = Watcher(tmp_path, simulator.url, {"SINK_URL": sink.url.reveal()})
    ready.rules.write_text(RULES, encoding="utf-8")
    (tmp_path / "products.csv").write_text("product_id,target\n1,5\n", encoding="utf-8")
    (tmp_path / "ok.txt").write_text("7\n", encoding="utf-8")
    return ready


def _replaced(path: Path, text: str) -> None:
    """As editors save."""
    fresh = path.with_name(f".{path.name}.tmp")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _told(sink: Service, part: str) -> list[dict[str, str]]:
    return [each for each in sink.taken if part in each["message"]]


def _ids(watcher: Watcher) -> list[str]:
    return [each for (each,) in watcher.query("SELECT product_id FROM products LIMIT 5")]


async def _troubles(watcher: Watcher) -> list[str]:
    code, out, _ = await watcher.call("status", "--json")
    assert code == 0
    return [each["text"] for each in json.loads(out)["troubles"]]


async def test_files_that_change_vanish_and_come_back(watcher: Watcher, sink: Service) -> None:
    """A new one is in force at once; a lost one stays so, with one word at its begin and one at its
    end, over a restart, too."""
    facts = watcher.folder / "products.csv"
    async with watcher.running() as daemon:
        await until(lambda: bool(watcher.query("SELECT 1 FROM scans")))
        rows = "".join(f"{each},1000000\n" for each in _ids(watcher))
        _replaced(facts, f"product_id,target\n{rows}")
        await daemon.said("rules reloaded")
        facts.unlink()
        await until(lambda: bool(_told(sink, "last good copy stays in force")))
        (watcher.folder / "ok.txt").write_text("8\n", encoding="utf-8")  # the rules go on
        await daemon.stop()
    async with watcher.running() as daemon:
        (trouble,) = await _troubles(watcher)
        assert "there is no such file" in trouble
        code, out, _ = await watcher.call("explain", "below", _ids(watcher)[0])
        assert (code, "at most target (1,000,000)" in out) == (0, True)
        code, _, err = await watcher.call("check")
        assert (code, "there is no such file" in err) == (1, True)
        _replaced(facts, f"product_id,target\n{rows}")
        await until(lambda: bool(_told(sink, "can be used again")))
        assert await _troubles(watcher) == []
        await daemon.stop()
    assert len(_told(sink, "last good copy")) == 1


async def test_a_run_without_a_daemon_goes_on_too(watcher: Watcher, sink: Service) -> None:
    """``watcher once`` keeps a copy and goes on with it, and tells it once."""
    for turn in range(3):
        code, _, err = await watcher.call("once", "--rule", "below")
        assert (code, err) == (0, ""), turn
        if not turn:
            (watcher.folder / "products.csv").unlink()
    assert len(_told(sink, "last good copy")) == 1
