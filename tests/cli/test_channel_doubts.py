"""What ``check`` says of channels: at their place in the file, and without their secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import Command

RULES = """
channels:
  me: {{url: "{url}"}}
  other: {{url: "json://localhost/x"}}
defaults: {{region: US, notify: [me]}}
rules:
  - name: selling
    watch: {{sort: total_sale_7d_cnt desc, top: 50, every: 6h}}
    when: {{total_sale_7d_cnt: {{at_least: 1}}}}
"""


def _write(folder: Path, url: str) -> None:
    (folder / "rules.yaml").write_text(RULES.format(url=url), "utf-8")


@pytest.mark.parametrize(
    ("url", "doubt"),
    [
        ("json://u:S3cret99@h/x?prority=high", 'its parameter "prority" is passed over'),
        ("ntfy://S3cret99?priority=banana", "it takes max, high, default, low, min"),
        ("whapi://S3cret99S3cret99", "this whapi:// URL tells nobody: it needs a recipient"),
        ("matrix://ann:S3cret99@x@host/#room", "its password seems to be cut short"),
    ],
)
def test_check_doubts_a_url(watcher: Command, folder: Path, url: str, doubt: str) -> None:
    """In text and in JSON; it is no error."""
    _write(folder, url)
    result = watcher("check")
    assert result.code == 0
    assert "warning: rules.yaml:3:13: channels.me.url: me/1: " in result.out
    assert doubt in result.out
    warnings = json.loads(watcher("check", "--json").out)["warnings"]
    assert any(doubt in each["message"] for each in warnings)
    assert "S3cret99" not in result.out + json.dumps(warnings)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mailto://ann:S3cret99/x@example.com", "%40 for @, %2F for /"),
        ("https://api.telegram.org/botS3cret99:x/getMe", "write tgram://BOT_TOKEN/CHAT_ID"),
        ("json://S3cret99/?method=banana", "its parameter method can't be what it is"),
    ],
)
def test_check_says_how_to_write_a_url(watcher: Command, folder: Path, url: str, said: str) -> None:
    """At its place; and the doubts of others are told with it."""
    _write(folder, url)
    result = watcher("check")
    assert result.code == 1
    assert "rules.yaml:3:13: channels.me.url: me/1: " in result.err
    assert said in result.err
    unheard = "rules.yaml:4:10: channels.other: no rule tells this channel anything"
    assert unheard in result.out
    found = json.loads(watcher("check", "--json").out)
    assert found["ok"] is False
    assert any("no rule tells" in each["message"] for each in found["warnings"])
    assert "S3cret99" not in result.err + result.out + json.dumps(found)


def test_a_pasted_address_is_a_channel(watcher: Command, folder: Path) -> None:
    """Of the service that it is of."""
    _write(folder, "https://oapi.dingtalk.com/robot/send?access_token=S3cret99")
    assert watcher("check").code == 0
    assert "me/1 (dingtalk)" in watcher("channel", "list").out
