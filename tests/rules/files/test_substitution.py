"""``${NAME}``: found, missing, and never shown."""

from pathlib import Path

import pytest

from tests.rules.tables import problems_of
from watcher.errors import RulesError
from watcher.rules.files.loading import load, load_text

RULE = """
channels: {me: {url: "%s"}}
rules:
  - {name: a, watch: {region: US}, when: {review_count: 1}, notify: me}
"""


def url(written: str, env: dict[str, str]) -> str:
    """What a channel's URL becomes."""
    return load_text(RULE % written, env=env).channels["me"].urls[0].reveal()


def test_filled_in() -> None:
    """Anywhere in a text, more than once; ``$${`` stands for ``${``."""
    env = {"A": "one", "B_2": "two"}
    assert url("x://${A}/${B_2}/${A}", env) == "x://one/two/one"
    assert url("x://$${A}/$5", env) == "x://${A}/$5"
    assert url("x://${A}", {"A": "${B}"}) == "x://${B}", "what is filled in is not read again"


def test_from_a_file_of_credentials(tmp_path: Path) -> None:
    """Where the environment has no such name; its last line break is not part of it."""
    (tmp_path / "TOKEN").write_text("x://secret\n")
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULE % "${TOKEN}")
    assert (
        load([rules], {"CREDENTIALS_DIRECTORY": str(tmp_path)}).channels["me"].urls[0].reveal()
        == "x://secret"
    )
    assert (
        load([rules], {"TOKEN": "x://y", "CREDENTIALS_DIRECTORY": str(tmp_path)})
        .channels["me"]
        .urls[0]
        .reveal()
        == "x://y"
    )
    with pytest.raises(RulesError, match="nor is there a file of that name"):
        load([rules], {"CREDENTIALS_DIRECTORY": str(tmp_path / "nowhere")})


@pytest.mark.parametrize(
    ("written", "env", "message"),
    [
        ("${A}", {}, "channels.me.url: ${A} can't be filled in: the environment variable A"),
        ("${A}", {"A": ""}, "${A} is empty"),
        ("${}", {}, 'after "${" comes a name'),
        ("${A", {"A": "x"}, 'after "${" comes a name'),
        ("${../A}", {}, 'after "${" comes a name'),
    ],
)
def test_missing(written: str, env: dict[str, str], message: str) -> None:
    """One problem that names it, and none that follows from it."""
    (problem,) = problems_of(RULE % written, env)
    assert message in problem


SECRET = "hunter2"


@pytest.mark.parametrize(
    "text",
    [
        "api: {key: '${S} x'}",
        "api: {url: '${S}'}",
        "api: {concurrency: '${S}'}",
        "channels: {me: {url: '${S}'}}",
        "channels: {me: {url: ['x://${S}', '${S}']}}",
        "channels: {me: {url: 'x://a', min_severity: '${S}'}}",
        "channels: {me: {url: 'x://a', timezone: 'A/${S}'}}",
        "operator: ['${S}']",
        "defaults: {region: '${S}', every: '${S}'}",
        "metrics: {a: '${S} * 2', b: 'a ${S}'}",
        "watches: {a: {region: '${S}', sort: 'x ${S}', top: '${S}'}}",
        "rules: [{name: a, watch: '${S}', when: {review_count: {above: '${S}'}}}]",
        "rules: [{name: a, watch: {region: US}, when: {product_name: {matches: '(${S}'}}}]",
        "rules: [{name: '${S}', watch: {region: US}, when: 1}, {name: '${S}', watch: 1, when: 1}]",
        "rules: '${S}'",
        "keep: {observations: '${S}'}",
        "heartbeat: '${S}'",
    ],
)
def test_no_secret_in_any_message(text: str) -> None:
    """Whatever is wrong with a value that was filled in, it is not shown, nor its parts."""
    problems = problems_of(text, {"S": SECRET})
    assert problems
    assert SECRET not in "\n".join(problems)
    assert "hunter" not in "\n".join(problems).casefold()


def test_a_short_secret_too() -> None:
    """A value that is a common text is kept out of the messages about itself."""
    (problem,) = problems_of(
        "rules: [{name: a, watch: {region: US}, when: {review_count: 1}, for: '${S}'}]",
        {"S": "24"},
    )
    assert '"${S}" is no duration' in problem


def test_from_a_folder_of_credentials_as_systemd_names_them(tmp_path: Path) -> None:
    """``LoadCredential=watcher:FOLDER``: the plain name is looked at first."""
    (tmp_path / "watcher_KEYAPI_KEY").write_text("key-1\n", encoding="utf-8")
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules: [{name: a, watch: {region: US}, when: {review_count: 1}, description: '${X}'}]",
        encoding="utf-8",
    )
    (tmp_path / "watcher_X").write_text("second", encoding="utf-8")
    book = load([rules], {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert book.api.key is not None
    assert book.api.key.reveal() == "key-1"
    assert book.rules[0].description == "second"
    (tmp_path / "X").write_text("first", encoding="utf-8")
    assert load([rules], {"CREDENTIALS_DIRECTORY": str(tmp_path)}).rules[0].description == "first"
