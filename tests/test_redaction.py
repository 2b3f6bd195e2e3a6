"""Redaction: over every service of Apprise's, what it hides and what it leaves."""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from apprise import Apprise

from tests.rules.tables import URLS_WITH_WORDS
from watcher.errors import RulesError
from watcher.redaction import LogRedaction, UrlRedaction, secret_parts
from watcher.rules.files.loading import load_text

RULES = """
api: {{key: "kAp1-9f0c1e"}}
channels: {{me: {{url: ["{url}", "json://localhost"]}}, idle: {{url: "{url}"}}}}
defaults: {{region: US, notify: [me]}}
rules: [{{name: selling, watch: {{top: 50}}, when: {{total_sale_7d_cnt: 1}}}}]
"""
# What services hand out: hexadecimal, base64, digits alone, a UUID, with signs in it.
SECRETS = (
    "9f86d081884c7d65", "xoxbT0Kq9ZwVbN3mRtY7", "123456789012345678",
    "7d1f0a52-3c4b-4e1f-9a77-0c2d5e8f1b6a", "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
    "sk_live-4eC39HqLyjWDarjtT1zdp7dc", "IF2vQxPl0nKd",
)  # fmt: skip
WORDS = ("no", "yes", "growth", "alerts", "me", "main-team", "Sales", "OPS", "team2", "en", "587")
SENTENCE = (
    "no rule tells this channel anything; yes, alerts of growth went to the main-team of Sales and "
    "OPS by team2, en route to port 587: warning, json, localhost, mail, true, false, format, text"
)


@cache
def templates() -> list[tuple[str, frozenset[str]]]:
    """Every service's URL as its documentation writes it, and the names in it that are private."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # what Apprise's plugins import
        services = Apprise().details()["schemas"]
    for service in services:
        details: dict[str, Any] = service["details"]
        schema = [*(service["secure_protocols"] or ()), *(service["protocols"] or ())][0]
        private = {name for name, token in details["tokens"].items() if token.get("private")}
        found += [(text.replace("{schema}", schema).replace("}{", "}/{"), frozenset(private))
                  for text in details["templates"]]  # fmt: skip
    return found


def filled(template: str, private: frozenset[str], secret: str) -> tuple[str, bool]:
    """The URL with ``secret`` in each private place and words in the others; whether it has one."""
    words = iter(WORDS * 3)
    hidden = False

    def one(match: re.Match[str]) -> str:
        nonlocal hidden
        name = match[1]
        if name in private:
            hidden = True
            return secret
        return {"host": "example.com", "port": "8080"}.get(name) or next(words)

    return re.sub(r"\{(\w+)\}", one, template), hidden


def redaction_of(url: str) -> LogRedaction:
    """One that knows a rule file with this URL."""
    redact = LogRedaction()
    redact.learn_rules("", [url])
    return redact


def test_there_are_many() -> None:
    """A hundred services, half of their templates with a secret in it: else nothing is tried."""
    with_secrets = [private for template, private in templates()
                    if any(f"{{{name}}}" in template for name in private)]  # fmt: skip
    assert len(templates()) > 300
    assert len(with_secrets) > 200


@pytest.mark.parametrize("secret", SECRETS)
def test_every_service(secret: str) -> None:
    """A secret in any of its private places is hidden, and every word around it stays."""
    for template, private in templates():
        url, hidden = filled(template, private, secret)
        redact = redaction_of(url)
        assert redact(SENTENCE) == SENTENCE, url
        assert url not in redact(f"asked {url} in vain")
        if hidden:
            for text in (
                secret,
                f"/bot{secret}/send",
                f"x={secret}&y",
                f"'{secret}'",
                secret.lower(),
            ):
                assert secret.lower() not in redact(f"no: {text}").lower(), url
                assert redact(f"no: {text} me").startswith("no: ")


@pytest.mark.parametrize(
    "url",
    [
        "json://me:{}@localhost/",
        "json://localhost/?+X-Token={}",
        "json://localhost/?-token={}",
        "json://localhost/?:payload={}",
        "json://localhost/?apikey={}&verify=no",
        "json://localhost/?session_password={}",
    ],
)
@pytest.mark.parametrize("secret", [*SECRETS, "p%40ss/w0rd!", "hunter2", "Tr0ub4dor&3"])
def test_every_place(url: str, secret: str) -> None:
    """Of the web's own notation, also where it is written with percent signs."""
    redact = redaction_of(url.format(quote(secret, safe="")))
    for form in (secret, quote(secret, safe="")):
        assert redact(f"a {form} b") == "a *** b", (url, form)
    assert secret not in redact(f"password={secret};")


def test_words_are_no_secrets() -> None:
    """Whatever short or common words a URL is made of, texts that hold none of its secrets stay."""
    for url in URLS_WITH_WORDS:
        redact = redaction_of(url)
        assert redact(SENTENCE) == SENTENCE, url
        assert {part for part in secret_parts(url) if part in SENTENCE.split()} == set()


def test_warnings_of_the_rule_file_stay_whole() -> None:
    """Though the URL beside them has the words that they are made of."""
    for url in (*URLS_WITH_WORDS, *(filled(*each, SECRETS[0])[0] for each in templates())):
        book = load_text(RULES.format(url=url))
        texts = [warning.message for warning in book.warnings]
        assert "no rule tells this channel anything" in texts, url


def test_an_error_about_a_secret_does_not_show_it() -> None:
    """Here a channel's URL, where a time zone belongs."""
    for secret in SECRETS:
        url = f"json://me:{secret}@localhost/no/rule?verify=no"
        text = RULES.format(url="json://localhost").replace(
            "defaults: {", f'defaults: {{timezone: "{url}", '
        )
        with pytest.raises(RulesError) as caught:
            load_text(text)
        assert secret not in str(caught.value)


@pytest.mark.parametrize("value", ["no", "rising", "growth"])
def test_a_short_value_takes_no_message_away(value: str) -> None:
    """A variable's value is a common word, and a message about its place says other things."""
    text = RULES.format(url="json://localhost/${WORD}").replace("me: {url", "me: {quiet: 7, url")
    with pytest.raises(RulesError) as caught:
        load_text(text, env={"WORD": value})
    assert "does not fit here" not in str(caught.value)
    assert "channels.me.quiet: must be a mapping (hours, days, timezone ...)" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said", "shown"),
    [
        ("dingtalk://AbC123xyz", "no robot abc123XYZ here", "no robot *** here"),
        ("tgram://123456:AAFab_c-9/-100777", "chat -100777 of bot123456:AAFab_c-9", None),
        ("tgram://123456:AAFab_c-9/1", "the new id is -1001234567", "the new id is -1001234567"),
        ("json://ann:p%40ss1word@h/x", "p@ss1word is wrong, p%40ss1word too", None),
        (
            "json://h/x?+X-Key=s3cretvalue&verify=no",
            "no s3cretvalue: verify it",
            "no ***: verify it",
        ),
        ("ntfy://alerts?priority=high", "alerts of high priority", "alerts of high priority"),
        ("", "anything", "anything"),
    ],
)
def test_hides_the_parts_of_a_url(url: str, said: str, shown: str | None) -> None:
    """In any case and encoding; common words and other numbers are no secrets."""
    masked = UrlRedaction(url)(said)
    if shown is not None:
        assert masked == shown
    else:
        assert "***" in masked
        assert not any(part in masked for part in ("100777", "AAFab", "p@ss", "p%40ss"))
