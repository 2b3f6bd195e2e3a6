"""What may be pushed: rules that a daemon can use, once it has their secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.errors import RulesError
from watcher.rules.files.push_check import refuse_broken
from watcher.rules.files.pushed import load_to_read

RULES = """\
api: {key: "${KEYAPI_KEY}", credits_per_day: 500, credits_per_month: 1000}
channels:
  ops: {url: ["${SLACK_URL}", "${MORE}"]}
  night: {url: "${SLACK_URL}", quiet: {hours: "${QUIET}"}}
operator: [ops]
watches:
  beauty: {region: US, every: "${EVERY}", top: 10}
rules:
  - {name: hot, watch: beauty, notify: [ops], when: {sales_surge: {at_least: 4}}}
"""


def unset(text: str, **env: str) -> tuple[str, ...]:
    """What is not set of these rules, if all else may be pushed."""
    return refuse_broken("shops", {"a.yaml": text.encode()}, env)[1]


def test_what_is_not_set_is_named() -> None:
    """Also where no value would stand for it: a duration, hours."""
    assert sorted(unset(RULES)) == ["EVERY", "KEYAPI_KEY", "MORE", "QUIET", "SLACK_URL"]
    assert unset(RULES, EVERY="24h", KEYAPI_KEY="k" * 20, MORE="json://a/", QUIET="22:00-07:00",
                 SLACK_URL="json://b/") == ()  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("notify: [ops]", "notify: [oops]", "shops/a.yaml:9:"),
        ("top: 10", "top: ten", "shops/a.yaml:7:"),
        ("${MORE}", "${MORE", "shops/a.yaml:3:"),
        ("sales_surge", "sales_serge", "shops/a.yaml:9:"),
    ],
)
def test_all_else_is_refused(old: str, new: str, said: str) -> None:
    """With its place; what is not set is not among it."""
    with pytest.raises(RulesError) as refused:
        unset(RULES.replace(old, new))
    assert str(refused.value).startswith(said)
    assert "environment variable" not in str(refused.value)


def test_a_value_that_does_not_fit() -> None:
    """It is set here, and wrong."""
    with pytest.raises(RulesError, match=r"shops/a.yaml:7"):
        unset(RULES, EVERY="often")


def test_read_without_secrets(tmp_path: Path) -> None:
    """Only what is missing is stood in for: a key in the folder of credentials is the key."""
    (tmp_path / "KEYAPI_KEY").write_text("kkkkkkkkkkkkkkkkkkkkkkkkkk\n")
    files = {"a.yaml": RULES.replace(', quiet: {hours: "${QUIET}"}', "").encode()}
    env = {"EVERY": "24h", "MORE": "json://a/", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    read = load_to_read("shops", files, env)
    assert read.api.key is not None
    assert read.api.key.reveal() == "k" * 26
