"""The real command behind a proxy that alone knows the way."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.process import Watcher
from tests.fakes.sink import serving
from tests.proxies import Proxy
from watcher.source.simulator import Simulator

RULES = """
channels: {http: {url: "${SINK_URL}"}}
defaults: {region: US, notify: [http]}
rules:
  - {name: sells, watch: {sort: total_sale_7d_cnt desc, top: 10}, when: {rank: {at_most: 1}}}
"""


async def test_a_scan_and_its_message_go_through_the_proxy(
    simulator: Simulator, tmp_path: Path
) -> None:
    """Neither host has an address of its own; the variables are in lower case."""
    async with Proxy("me:pass-word") as proxy, serving() as sink:
        env = {
            "http_proxy": proxy.url,
            "SINK_URL": f"json://hook.example.test:{sink.port}/",
        }
        watcher = Watcher(tmp_path, f"http://api.example.test:{simulator.port}", env)
        watcher.rules.write_text(RULES, encoding="utf-8")
        code, out, err = await watcher.call("once")
        assert (code, err) == (0, ""), out
        assert len(sink.taken) == 1
        assert len(proxy.asked) == 2
        assert "pass-word" not in out
        code, out, err = await watcher.call("check")
        assert (code, err) == (0, "")
        assert "proxy" not in out.casefold()
