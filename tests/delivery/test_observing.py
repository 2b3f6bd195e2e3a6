"""Faults in fixed words, waits in seconds, and no trace outside an observation."""

from __future__ import annotations

import errno
import smtplib
import socket
import ssl

import pytest
import requests

from tests.fakes.sink import closed_port
from watcher.delivery.apprise.observing import Accepted, Answer, describe, observed, watch

SECRET = "https://hooks.example.com/T0KEN"


def _wrapping(outer: Exception, inner: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (requests.exceptions.InvalidURL(SECRET), "the address can't be used"),
        (
            _wrapping(requests.ConnectionError(SECRET), socket.gaierror(-2, SECRET)),
            "its host name is not known",
        ),
        (
            requests.exceptions.SSLError(ssl.SSLCertVerificationError(1, SECRET)),
            "its certificate is not valid",
        ),
        (ssl.SSLError(1, SECRET), "the encrypted connection failed"),
        (ConnectionRefusedError(111, SECRET), "the connection was refused"),
        (ConnectionResetError(104, SECRET), "the connection was cut"),
        (smtplib.SMTPServerDisconnected(SECRET), "the connection was cut"),
        (
            smtplib.SMTPNotSupportedError(SECRET),
            "the server does not offer the login or the encryption that the address asks for",
        ),
        (requests.ConnectTimeout(SECRET), "no connection in time"),
        (requests.ReadTimeout(SECRET), "no answer in time"),
        (TimeoutError(SECRET), "no answer in time"),
        (requests.TooManyRedirects(SECRET), "too many redirects"),
        (requests.exceptions.ChunkedEncodingError(SECRET), "the answer was cut"),
        (OSError(errno.ENETUNREACH, SECRET), "the connection failed (ENETUNREACH)"),
        (OSError(SECRET), "the connection failed (OSError)"),
    ],
)
def test_describes_without_repeating(error: Exception, words: str) -> None:
    """A fault's own text, which may hold an address, is never used."""
    assert describe(error) == words


def test_describes_a_loop_of_causes() -> None:
    """Errors that name each other end, too."""
    one, two = OSError("one"), OSError("two")
    one.__cause__, two.__cause__ = two, one
    assert describe(one) == "the connection failed (OSError)"


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer(429), None),
        (Answer(429, "12"), 12.0),
        (Answer(429, "-1"), 0.0),
        (Answer(429, "nan"), None),
        (Answer(429, "Mon, 23 Nov 2026 15:00:30 GMT"), 30.0),
        (Answer(429, "Mon, 23 Nov 2026 15:00:30 GMT", "Mon, 23 Nov 2026 15:00:20 GMT"), 10.0),
        (Answer(429, "in a while"), None),
    ],
)
def test_reads_how_long_to_wait(answer: Answer, seconds: float | None) -> None:
    """A number, or a date measured from the answer's own, else from our clock."""
    assert answer.wait(now=1_795_446_000) == seconds


def test_sees_only_its_own_context() -> None:
    """A request outside of an observation is left alone."""
    watch()
    watch()
    url = f"http://127.0.0.1:{closed_port()}/"
    with observed(Accepted("secret")) as seen, pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)
    assert seen.faults == ["the connection was refused"]
    assert seen.answers == []
