"""By how much a duration may fall short."""

from __future__ import annotations

import pytest

from watcher.schedule import Cron, Every, least, longest_gap, slack
from watcher.units import DAY, HOUR, MINUTE


@pytest.mark.parametrize(
    ("line", "gap"),
    [
        ("0 9 * * *", DAY),
        ("0 9 * * mon-fri", 3 * DAY),
        ("0 9 * * mon", 7 * DAY),
        ("0 9,21 * * *", 12 * HOUR),
        ("0 9,10 * * *", 23 * HOUR),
        ("30 6,18 * * mon,tue", 5 * DAY + 12 * HOUR),
        ("* * * * *", MINUTE),
        ("*/5 9-17 * * mon-fri", 2 * DAY + 15 * HOUR + 5 * MINUTE),
        ("0 0 1 * *", 31 * DAY),
        ("* * 1 * *", 30 * DAY + MINUTE),
        ("0 0 1 1 *", 366 * DAY),
        ("0 0 29 2 *", 366 * DAY),
    ],
)
def test_the_longest_gap_of_a_cron_line(line: str, gap: int) -> None:
    """As its wall clock shows it, in any zone; a year at most."""
    assert longest_gap(Cron(line)) == gap
    assert longest_gap(Cron(line, "Europe/Berlin")) == gap


def test_of_an_interval_it_is_the_interval() -> None:
    """Wherever its grid lies."""
    assert longest_gap(Every(6 * HOUR, 17)) == 6 * HOUR


@pytest.mark.parametrize(
    ("every", "seconds", "short"),
    [
        (DAY, DAY, 144 * MINUTE),
        (DAY, 7 * DAY, 12 * HOUR),
        (DAY, 5 * DAY, 12 * HOUR),
        (DAY, 5 * DAY - 10, 12 * HOUR - 1),
        (HOUR, DAY, 30 * MINUTE),
        (HOUR, HOUR, 6 * MINUTE),
        (DAY, 0, 0),
        (DAY, 9, 0),
    ],
)
def test_a_tenth_and_at_most_half_of_the_interval(every: int, seconds: int, short: int) -> None:
    """Whole seconds."""
    assert slack(Every(every), seconds) == short
    assert least(Every(every), seconds) == seconds - short
