"""Recipients that Apprise can't use."""

from __future__ import annotations

import importlib.util
import logging
import re
import threading
from pathlib import Path

import pytest

from tests.fakes.sink import Secret
from watcher.delivery.apprise.addresses import left_out
from watcher.delivery.apprise.target import Target
from watcher.delivery.rendered import OutcomeKind, Rendered, SendOutcome

MAIL = "mailto://127.0.0.1:25/?from=w@example.com"
SMS = f"twilio://AC{'0' * 32}:{'1' * 32}@15551234567"
BOT = "tgram://123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI"


@pytest.mark.parametrize(
    ("url", "count", "recipient"),
    [
        (f"{MAIL}&to=ann@example.com,änn@example.com", 1, "änn"),
        (f"{MAIL}&to=änn@example.com", 1, "änn"),
        (f"{MAIL}&to=ann@b%C3%BCcher.example", 1, "cher"),
        (f"{MAIL}&to=ann@example.com&cc=nobody", 1, "nobody"),
        (f"{MAIL}&to=ann@example.com&bcc=n1,n2", 2, "n1"),
        (f"{SMS}/15557654321/call-me", 1, "call-me"),
        (f"{BOT}/team/bad!!name", 1, "bad!!name"),
    ],
)
def test_told_by_their_number(url: str, count: int, recipient: str) -> None:
    """They would never be told, while each message counts as sent; none is shown."""
    (text,) = Target("me/1", Secret(url)).doubts()
    assert text.startswith(f"{count} recipient")
    assert "can't be used, and is not told" in text
    assert ("xn--" in text) is ("mail" in url)
    assert recipient not in text


@pytest.mark.parametrize(
    "url",
    [
        f"{MAIL}&to=ann@example.com,bob@xn--bcher-kva.example&cc=cat@example.com",
        f"{SMS}/15557654321",
        f"{BOT}/team/-10012345",
        "json://localhost/änn",
    ],
)
def test_good_ones_are_left_alone(url: str) -> None:
    """Also with letters that only look odd."""
    assert Target("me/1", Secret(url)).doubts() == []


def messages() -> list[str]:
    """What Apprise's plugins log of a recipient that they leave out, as it stands in them."""
    spec = importlib.util.find_spec("apprise.plugins")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    (folder,) = spec.submodule_search_locations
    found = set[str]()
    for file in Path(folder).rglob("*.py"):
        for text in re.findall(r'"((?:Dropp|Ignor)(?:ed|ing) [^"]*)"', file.read_text("utf-8")):
            if not re.search("unsupported|Entry|payload|path", text):
                found.add(text)
    return sorted(found)


def test_every_services_words() -> None:
    """Each is understood, and none of the recipient is taken over."""
    assert len(messages()) > 30
    for text in messages():
        with left_out() as found:
            logging.getLogger("apprise").warning(re.sub(r"\{[^}]*\}", "s3cret", text), *(
                ("s3cret",) if "%s" in text else ()))  # fmt: skip
        (what,) = found
        assert what
        assert "s3cret" not in what
        assert re.fullmatch(r"[\w .#/+-]+", what)


def test_only_of_this_thread_and_only_in_the_block(caplog: pytest.LogCaptureFixture) -> None:
    """Others log what they like, at whatever level is set."""
    log = logging.getLogger("apprise")
    before, log.level = log.level, logging.ERROR
    try:
        with left_out() as found:
            other = threading.Thread(target=log.warning, args=("Dropped invalid phone # (1)",))
            other.start()
            other.join()
            log.warning("Could not load it")
        assert found == []
        assert log.level == logging.ERROR
        log.warning("Dropped invalid email (x)")
        assert found == []
    finally:
        log.setLevel(before)
    assert [record.getMessage() for record in caplog.records] == [
        "Dropped invalid phone # (1)", "Could not load it",
    ]  # fmt: skip


async def test_where_all_are_left_out_a_try_says_so() -> None:
    """It is not tried for a day, for no reason."""
    target = Target("me/1", Secret(f"{MAIL}&to=änn@example.com"))
    outcome = await target.send(Rendered("title", "body", "text"))
    assert outcome == SendOutcome(OutcomeKind.DEAD, "mailto: no recipient of its URL can be used")
