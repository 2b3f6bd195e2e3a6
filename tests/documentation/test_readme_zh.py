"""The Chinese README: its commands are those of the English one; its rules and addresses work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tools.trial.readme import commands
from watcher.cli.main import cli
from watcher.rules.files.loading import load_text

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.zh-CN.md").read_text("utf-8")
BLOCKS: list[str] = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
# What stands for a secret in an address, and one that could be.
SECRETS = {
    "SEC密钥": "SEC0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "SendKey": "SCT123456TAbCdEfGhIjKlMnOpQrStUv",
    "设备密钥": "AbCdEfGhIjKlMnOpQrStUv",
    "令牌": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "密钥": "693a91f6-7aac-4bc4-97a0-0ec2a1fa5aaa",
}
ADDRESSES = re.findall(r"`((?:https|[a-z]+)://[^`]+)`", README.partition("## 推送到哪里")[2])


def test_each_rule_block_loads() -> None:
    """As somebody copies it."""
    assert len(BLOCKS) == 1
    for text in BLOCKS:
        book = load_text(text, env={"PUSH_URL": "json://localhost"})
        assert [rule.name for rule in book.rules] == ["beauty-rising", "creators-pile-in"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_each_address_passes_check(tmp_path: Path, address: str) -> None:
    """By the program itself, with the README's own rules."""
    for name, secret in SECRETS.items():
        address = address.replace(name, secret)
    path = tmp_path / "rules.yaml"
    path.write_text(BLOCKS[0], "utf-8")
    done = CliRunner().invoke(
        cli, ["check", "--rules", str(path)], env={"PUSH_URL": address, "KEYAPI_KEY": "a-key"}
    )
    assert (done.exit_code, "2 rules, no errors" in done.output) == (0, True), done.output


def test_the_addresses_are_found() -> None:
    """Of each service, and the one that is exported."""
    assert len(ADDRESSES) == 12
    assert all(re.search(r"[^\x00-\x7f]|SendKey", each) for each in ADDRESSES)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("zh pip", "pip"), ("zh first steps", "first steps"), ("zh systemd", "systemd")],
)
def test_commands_are_those_of_the_english_page(ours: str, theirs: str) -> None:
    """Which ``make trial`` runs in empty environments; only the comments differ."""
    assert _bare(commands(ROOT, ours)) == _bare(commands(ROOT, theirs))


def test_all_other_commands_stand_in_the_english_page() -> None:
    """But for the variable that a channel's address is in."""
    english = _bare((ROOT / "README.md").read_text("utf-8"))
    for line in _bare(commands(ROOT, "zh market", "zh channel")):
        assert line in english or line.startswith("export PUSH_URL='dingtalk://")


def test_the_pages_lead_to_each_other() -> None:
    """Whoever reads the other language is one step away."""
    assert "](README.zh-CN.md)" in (ROOT / "README.md").read_text("utf-8").splitlines()[0]
    assert "](README.md)" in "".join(README.splitlines()[:3])


def _bare(script: str) -> list[str]:
    lines = (re.sub(r"\s+#.*", "", line).strip() for line in script.splitlines())
    return [line for line in lines if line]
