"""The arithmetic of the plots."""

from __future__ import annotations

import itertools
import re
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.charts.scale import compact, thinned
from watcher.evaluation.series import Track
from watcher.model import Floats, Ints
from watcher.rules.metrics import Catalogue
from watcher.units import DAY, NO_CURRENCIES, Unit
from watcher.web.plots import (
    BOTTOM,
    COLUMNS,
    HEIGHT,
    MARKS,
    POINTS,
    TOP,
    WIDTH,
    AlertSpan,
    Card,
    Plot,
    card_of,
    plot,
    sparkline,
)

START = 1_700_006_400  # a midnight


def days(*values: float) -> tuple[Ints, Floats]:
    """A value a day."""
    return START + DAY * np.arange(len(values)), np.array(values, np.float64)


def drawn(*values: float, **more: object) -> Plot:
    """The plot of a value a day, words as ``0: 10``."""
    instants, column = days(*values)
    made = plot(
        instants,
        column,
        (START, START + DAY * (len(values) - 1)),
        lambda at, value: f"{(at - START) // DAY}: {value:g}",
        **more,  # type: ignore[arg-type]
    )
    assert made is not None
    return made


def test_steps_from_0_up() -> None:
    """A value holds until the next; the axis begins at 0 where values come near it."""
    made = drawn(0, 10, 5)
    assert made.path == f"M0 {HEIGHT}H500V0H1000V80"
    assert [tick.label for tick in made.ticks] == ["0", "5", "10"]
    assert [point.label for point in made.points] == ["0: 0", "1: 10", "2: 5"]
    assert [point.y for point in made.points] == [BOTTOM, TOP, (TOP + BOTTOM) / 2]


def test_values_far_from_0() -> None:
    """A price that moves by a tenth is no flat line."""
    made = drawn(12.99, 11.5, 12.99)
    assert made.ticks[0].label != "0"
    assert min(point.y for point in made.points) < TOP + 40
    assert max(point.y for point in made.points) > BOTTOM - 60


def test_ranks_have_the_first_on_top() -> None:
    """And there is no place 0."""
    made = drawn(9, 1, 4, unit=Unit.PLACE)
    best = next(point for point in made.points if point.label == "1: 1")
    assert best.y == min(point.y for point in made.points)
    assert all(tick.label != "0" for tick in made.ticks)


def test_a_gap() -> None:
    """No value is no line, and nothing to point at."""
    nan = float("nan")
    made = drawn(1, nan, nan, 4)
    assert made.path.count("M") == 2
    assert [point.label for point in made.points] == ["0: 1", "3: 4"]


def test_the_line_ends_where_a_gap_begins() -> None:
    """However little of it there is: a value that was seen once is a dot, the newest a dash."""
    instants = START + DAY * np.array([0, 2, 6, 6, 10])
    values = np.array([5, np.nan, 5, np.nan, 5])
    made = plot(instants, values, (START, START + 10 * DAY), lambda _at, _value: "")
    assert made is not None
    assert re.findall(r"M(\d+) \d+((?:[Hh]-?\d+)*)", made.path) == [
        ("0", "H200"), ("600", "H600"), ("1000", "h-8"),
    ]  # fmt: skip


def test_levels_stand_in_their_order() -> None:
    """With their names, also those that no value has."""
    made = drawn(0, 2, 1, names=("falling", "stable", "rising"))
    assert [tick.label for tick in made.ticks] == ["falling", "stable", "rising"]
    assert [point.y for point in made.points] == [BOTTOM, TOP, (TOP + BOTTOM) / 2]
    assert [tick.place for tick in drawn(1, names=("no", "yes")).ticks] == [BOTTOM, TOP]
    assert [tick.label for tick in drawn(1, 1, names=("only", "other")).ticks] == ["only", "other"]


def test_no_place_is_marked_twice() -> None:
    """Nor one that is between two."""
    for values in ((1, 1), (1, 2), (1, 4), (1, 8), (3, 3), (900, 1)):
        labels = [tick.label for tick in drawn(*values, unit=Unit.PLACE).ticks]
        assert len(set(labels)) == len(labels), values
        assert all("." not in label or label.endswith("k") for label in labels), labels


def test_nothing_and_one() -> None:
    """Without a value there is no plot; a single one, or one that never moves, is drawn."""
    instants, values = days(float("nan"))
    assert plot(instants, values, (START, START + DAY), lambda _at, _value: "") is None
    assert sparkline(instants, values, (START, START + DAY)) == ""
    assert len(drawn(7).points) == 1
    assert drawn(7).path.endswith("h8")
    assert drawn(0, 0, 0).path
    assert sparkline(*days(5, 5), (START, START + DAY)) == f"M0 {HEIGHT // 2}H1000V{HEIGHT // 2}"


def test_bands_cover_the_width() -> None:
    """Wherever one points there is a value, and only one."""
    points = drawn(*range(100)).points
    assert len(points) <= POINTS
    assert points[0].left == 0
    assert points[-1].left + points[-1].width == pytest.approx(100, abs=0.1)
    for before, after in itertools.pairwise(points):
        assert before.left + before.width == pytest.approx(after.left, abs=0.02)


def test_the_extremes_can_be_pointed_at() -> None:
    """However many values there are."""
    values = [10.0] * 500
    values[123], values[321] = 99.0, 1.0
    labels = [point.label for point in drawn(*values).points]
    assert {"0: 10", "123: 99", "321: 1", "499: 10"} <= set(labels)
    assert len(labels) <= POINTS


def test_marks() -> None:
    """Only those in the time shown, the newest; a name where there is room, the newest first."""
    spans = [
        AlertSpan("A1", START - 9 * DAY, START - 8 * DAY, "", "before"),
        AlertSpan("A2", START - DAY, START + DAY, "", "reaches in"),
        AlertSpan("A3", START + DAY, START + 9 * DAY, "", "reaches out"),
        AlertSpan("A4", START + DAY + 60, START + 2 * DAY, "", "at the same time"),
    ]
    marks = drawn(1, 2, 3, spans=spans).marks
    assert [(mark.label, mark.name) for mark in marks] == [
        ("reaches in", "A2"),
        ("reaches out", ""),
        ("at the same time", "A4"),
    ]
    assert (marks[0].x, marks[0].width) == (0, 50)
    assert (marks[1].x, marks[1].width) == (50, 50)
    many = [AlertSpan(f"A{n}", START + n, START + n, "", str(n)) for n in range(100)]
    assert [mark.label for mark in drawn(1, 2, spans=many).marks] == [
        str(n) for n in range(100 - MARKS, 100)
    ]


def test_days_below() -> None:
    """A few, with the year where there are two."""
    labels = [tick.label for tick in drawn(*range(30)).days]
    assert 3 <= len(labels) <= 5
    assert all(re.fullmatch(r"\d+ [A-Z][a-z]{2}", label) for label in labels)
    assert all(re.fullmatch(r"\d+ \w{3} \d\d", tick.label) for tick in drawn(*range(90)).days)


def test_days_begin_at_the_zones_midnights() -> None:
    """Where a day has no midnight (Santiago on 8 September 2024), at its first instant."""
    shanghai = drawn(*range(3), zone=ZoneInfo("Asia/Shanghai")).days
    assert [(tick.label, tick.place) for tick in shanghai] == [
        ("16 Nov", round(100 * 16 / 48, 2)),
        ("17 Nov", round(100 * 40 / 48, 2)),
    ]
    begin = 1_725_753_600  # 7 September 2024, 20:00 in Santiago
    instants = np.array([begin, begin + DAY])
    made = plot(
        instants, np.array([1.0, 2.0]), (begin, begin + DAY), lambda at, value: "",
        zone=ZoneInfo("America/Santiago"),
    )  # fmt: skip
    assert made is not None
    (day,) = made.days
    assert (day.label, day.place) == ("8 Sep", round(100 * 4 / 24, 2))


@given(
    st.lists(st.one_of(st.floats(-1e12, 1e12), st.just(float("nan"))), min_size=1, max_size=2_000),
    st.sampled_from([Unit.MONEY, Unit.PLACE]),
)
@settings(max_examples=60, deadline=None)
def test_any_values_stay_inside_and_light(values: list[float], unit: Unit) -> None:
    """Nothing is drawn outside of the box, and a year of hours is no more than a few thousand
    letters."""
    instants = START + 3_600 * np.arange(len(values))
    within = (START, int(instants[-1]) + 1)
    made = plot(instants, np.array(values), within, lambda _at, _value: "", unit=unit)
    if made is None:
        assert np.isnan(values).all()
        return
    assert len(made.path) < COLUMNS * 4 * 12
    for command, number in re.findall(r"([MHV ])(-?\d+)", made.path):
        limit = HEIGHT if command in "V " else WIDTH
        assert -1 <= int(number) <= limit + 1
    for point in made.points:
        assert 0 <= point.x <= 100
        assert TOP - 1 <= point.y <= BOTTOM + 1


def test_thinning_keeps_the_extremes() -> None:
    """Of ten thousand values the least and the largest are still drawn."""
    x = np.linspace(0, 1, 10_000)
    y = np.sin(x * 40)
    y[1_234], y[8_765] = 5, -5
    across, down = thinned(x, y, COLUMNS)
    assert len(across) <= 4 * COLUMNS
    assert (down.max(), down.min()) == (5, -5)
    assert (np.diff(across) >= 0).all()


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (7.5, "7.5"), (0.25, "0.25"), (999, "999"), (1_500, "1.5k"), (2e6, "2M"),
     (-3e9, "-3B")],
)  # fmt: skip
def test_axis_labels(value: float, said: str) -> None:
    """Short, whatever the size."""
    assert compact(value, abs(value) / 100) == said


def _card(metric: str, *values: float) -> Card:
    catalogue = Catalogue()
    at = np.arange(len(values), dtype=np.int64)
    track = Track(metric, metric, catalogue[metric], at, np.array(values), at)
    return card_of(track, (0, len(values)), NO_CURRENCIES, chosen=False)


def test_a_card_says_how_an_amount_moved_and_not_how_a_share_did() -> None:
    """Of a share "+50%" would be read as a change of its points."""
    assert _card("total_sale_7d_cnt", 100.0, 150.0).moved == "+50%"
    assert _card("commission", 0.1, 0.15).moved == ""


def test_a_card_draws_a_better_rank_higher() -> None:
    """As the plot does: the first place is at the top."""
    assert _card("rank", 1.0, 9.0).path == _card("total_sale_7d_cnt", 9.0, 1.0).path
