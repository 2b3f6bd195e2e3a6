"""Tests of the failure table."""

from __future__ import annotations

import pytest

from watcher.errors import CreditsUsedUp, InvalidQuery, KeyRefused, SourceError, SourceUnavailable
from watcher.retrying import retry_after
from watcher.source.decoding import failure

NOW = 1_795_000_000  # Wed, 18 Nov 2026 11:06:40 GMT


def failed(status: int, body: bytes = b"", **headers: str) -> SourceError:
    """The error of an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return failure(status, named, body, now=NOW, asked="region=US")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"message": "bad region"}', InvalidQuery),
        (401, b"", KeyRefused),
        (402, b"", CreditsUsedUp),
        (403, b'{"message": "quota exceeded"}', CreditsUsedUp),
        (403, b"Usage Limit Exceeded", CreditsUsedUp),
        (403, b'{"code": 403, "msg": "USAGE_LIMIT_EXCEEDED"}', CreditsUsedUp),
        (403, b'{"error": "Insufficient credits"}', CreditsUsedUp),
        (403, b'{"message": "forbidden"}', KeyRefused),
        (403, b"<html>credit card fraud is forbidden</html>", KeyRefused),
        (403, b"", KeyRefused),
        (401, b"your quota", KeyRefused),
        (429, b"quota of requests a second", SourceUnavailable),
        (404, b"quota", SourceUnavailable),
        (502, b'{"detail": "usage-limit exceeded"}', CreditsUsedUp),
        (429, b"", SourceUnavailable),
        (500, b"", SourceUnavailable),
        (502, b"<html>", SourceUnavailable),
        (503, b"", SourceUnavailable),
        (504, b"", SourceUnavailable),
        (500, b'{"message": "Usage Limit Exceeded"}', CreditsUsedUp),
        (503, b"your QUOTA is gone", CreditsUsedUp),
        (500, b"credit card service is down", SourceUnavailable),
        (404, b"", SourceUnavailable),
        (418, b"", SourceUnavailable),
    ],
)
def test_the_table(status: int, body: bytes, kind: type[SourceError]) -> None:
    """Every status means what the vendor's table says."""
    error = failed(status, body)
    assert type(error) is kind
    assert error.status == status
    assert str(status) in str(error)


def test_an_invalid_query_shows_the_message_and_the_query() -> None:
    """The user needs both to correct the watch."""
    text = str(failed(400, b'{"code": 400, "message": "region not supported"}'))
    assert "region not supported" in text
    assert "region=US" in text


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"msg": "one"}', "one"),
        (b'{"error": "two"}', "two"),
        (b'{"detail": {"a": 1}}', "{'a': 1}"),
        (b"<!doctype html><title>x</title>", "an HTML page"),
        (b"plain \x1b[31mwords", '"plain [31mwords"'),
        (b"\xff\xfe", "\ufffd"),
    ],
)
def test_what_the_server_says(body: bytes, shown: str) -> None:
    """The server's words in whatever shape, on one printable line."""
    text = str(failed(500, body))
    assert shown in text
    assert text.isprintable()


@pytest.mark.parametrize("body", [b"", b"  ", b"[1]", b'{"message": null}', b"null"])
def test_a_server_that_says_nothing(body: bytes) -> None:
    """Then the status alone is told."""
    assert str(failed(500, body)) == "KeyAPI answers 500"


def test_a_long_message_is_cut() -> None:
    """An error is one line, not the server's page."""
    assert len(str(failed(500, b'{"message": "%s"}' % (b"x" * 100_000)))) < 300


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("Wed, 18 Nov 2026 11:07:40 GMT", 60.0),
        ("Wed, 18 Nov 2026 11:07:40 -0000", 60.0),
        ("Wed, 18 Nov 2026 10:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("3\x1f", 3.0),
        ("Wed, 99999999999999999999 Oct 9999 99:99:99 GMT", None),
        ("Wed, 21 Oct 99999999999999999999 07:28:00 GMT", None),
        ("inf", None),
        ("", None),
        (None, None),
        ("99999999999999999999", 366 * 86_400),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    """Seconds or a date; what can't be read is nothing."""
    assert retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [(429, None, 60.0), (429, "7", 7.0), (429, "x", 60.0), (503, "9", 9.0), (503, None, None)],
)
def test_the_time_to_wait(status: int, header: str | None, seconds: float | None) -> None:
    """A rate limit pauses a minute where the server does not say how long."""
    error = failed(status, b"", **({"Retry_After": header} if header else {}))
    assert isinstance(error, SourceUnavailable)
    assert error.retry_after == seconds
