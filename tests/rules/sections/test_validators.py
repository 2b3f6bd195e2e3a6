"""Single values of the rule file."""

import pytest

from watcher.model import Severity
from watcher.rules.sections import validators as readers
from watcher.words import Wrong


def test_durations() -> None:
    """A bare 0 needs no unit."""
    assert [readers.duration(value) for value in (0, "0s", "1h30m", "2w")] == [
        0,
        0,
        5_400,
        1_209_600,
    ]


def test_numbers_as_text() -> None:
    """A value may have been filled in from the environment."""
    assert (readers.number("1.5k"), readers.whole("500"), readers.flag("True")) == (
        1_500,
        500,
        True,
    )


def test_texts() -> None:
    """Stripped, and in the form that the program uses."""
    assert readers.name(" a ") == "a"
    assert readers.region("us") == "US"
    assert readers.severity("Critical") is Severity.CRITICAL
    assert readers.urls("json://x") == ["json://x"]
    assert readers.url(" json://x ") == "json://x"
    assert readers.api_url("https://a.b/c/ ") == "https://a.b/c"
    assert readers.digest("0 9 * * mon") == "0 9 * * mon"
    assert readers.digest("9:30") == "9:30"


@pytest.mark.parametrize("url", ["a b", "http://", "https://a/?x=1", "http://ü.de", "https://[1"])
def test_no_address(url: str) -> None:
    """Neither a query nor anything that a client would have to guess."""
    with pytest.raises(Wrong):
        readers.api_url(url)


@pytest.mark.parametrize("zone", ["Mars", "../etc/passwd", "", "/etc/localtime"])
def test_no_time_zone(zone: str) -> None:
    """Also no path."""
    with pytest.raises(Wrong, match="is no time zone"):
        readers.timezone(zone)
