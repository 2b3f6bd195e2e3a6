"""A channel for a program: what is wrong with one, and a sample."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.cli.running import Command
from tests.fakes.sink import serving

RULES = """
channels:
  crm: {url: "%s", payload: json}
rules:
  - {name: rising, watch: {region: US, sort: total_sale_7d_cnt desc}, when: {review_count: 1},
     notify: crm}
"""


def test_check_says_where(watcher: Command, tmp_path: Path) -> None:
    """With line and column, also what payload takes."""
    path = tmp_path / "rules.yaml"
    path.write_text(RULES % "mailto://a:b@example.com", "utf-8")
    found = watcher("check", "--rules", path, "--db", tmp_path / "w.db")
    assert found.code == 1
    assert f"{path}:3:14" in found.err + found.out
    assert "takes no payload: json" in found.err + found.out
    path.write_text((RULES % "https://localhost/x").replace("payload: json", "payload: xml"))
    assert 'takes "json", not "xml"' in watcher("check", "--rules", path).err
    path.write_text((RULES % "https://localhost/x").replace("json}", "json, template: x}"))
    assert "template lays out nothing" in watcher("check", "--rules", path).out


async def test_a_sample(tmp_path: Path) -> None:
    """``watcher channel test`` posts a document, and says that it was taken."""
    path = tmp_path / "rules.yaml"
    async with serving() as service:
        path.write_text(RULES % f"http://127.0.0.1:{service.port}/hook", "utf-8")
        command = (sys.executable, "-m", "watcher", "channel", "test", "crm", "--rules", str(path))
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        assert out.decode() == "crm/1 (json) took it: json took it\n"
        assert [each["kind"] for each in service.taken] == ["test"]
