"""The picture: its form and size, what is marked in it, and any data at all."""

from __future__ import annotations

import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.charts.pictures import LIMIT, NOW, daily, ink, opened, png
from watcher.charts.picture import Ink, Panel
from watcher.units import DAY, HOUR, Unit

RISING = daily([1_000 + 40 * day + (600 if day > 24 else 0) for day in range(30)])
MARK = Ink.MARK.value[0]
LINE = Ink.LINE.value[0]


def product(number: int, **changes: object) -> Panel:
    """A panel as a message has it."""
    fields: dict[str, object] = {
        "name": "PureGlow Deluxe Face Serum", "points": RISING, "marks": [NOW - DAY],
        "note": "1,200 → 4,830 (+303%)", "number": number, "product_id": "1729384756102934821",
    }  # fmt: skip
    return Panel(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("count", "height"), [(0, 136), (1, 580), (2, 506), (3, 950), (4, 876), (5, 1320), (6, 1246)]
)
def test_panels_stand_two_a_row_and_the_first_of_an_odd_number_alone(
    count: int, height: int
) -> None:
    """The width is that of a phone's screen in pixels, the height follows from the rows."""
    image = opened(png(*(product(number + 1) for number in range(count))))
    assert (image.format, image.mode, image.size) == ("PNG", "P", (1080, height))


def test_more_than_six_are_not_shown() -> None:
    """A seventh panel changes nothing."""
    seven = [product(number) for number in range(1, 8)]
    assert png(*seven) == png(*seven[:6])


def test_a_picture_is_small_and_of_few_colours() -> None:
    """Sixteen colours at most take half a byte a pixel."""
    data = png(*(product(number) for number in range(1, 7)))
    assert len(data) < LIMIT
    assert len(opened(data).convert("RGB").getcolors(17) or []) <= 16


@pytest.mark.parametrize("step", [DAY, HOUR])
def test_wild_values_stay_below_the_limit(step: int) -> None:
    """Where smooth edges of wild lines would be too large, they become hard ones."""
    wild = [(NOW - back * step, float(back * 7_919 % 1_000)) for back in range(30 * DAY // step)]
    marks = [NOW - back * DAY for back in range(30)]
    panels = [product(number, points=wild, marks=marks, name="Ŵĝ§#@&% " * 9)
              for number in range(1, 7)]  # fmt: skip
    assert len(png(*panels)) < LIMIT


def test_a_picture_that_is_made_to_be_large_loses_its_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message has them: products go by their numbers and ids then."""
    monkeypatch.setattr("watcher.charts.picture.LARGEST", 1)
    assert png(product(1)) == png(product(1, name="", note=""))


def test_the_same_data_is_the_same_picture_in_any_thread() -> None:
    """Nothing is kept between pictures: eight at once are eight times the same."""
    panels = [product(1), product(2, name="เซรั่มวิตามินซี")]
    with ThreadPoolExecutor(8) as pool:
        drawn = set(pool.map(lambda _: png(*panels), range(8)))
    assert drawn == {png(*panels)}


def test_the_paper_is_white_to_a_margin_whatever_surrounds_it() -> None:
    """A hairline frames it; nothing else stands in the margin, and nothing is transparent."""
    image = opened(png(product(1)))
    assert "transparency" not in image.info
    margin = image.convert("RGB").crop((2, 2, 30, image.height - 2))
    assert margin.getcolors() == [(margin.width * margin.height, (255, 255, 255))]


def test_where_it_fired_is_marked_with_a_legend() -> None:
    """Without a mark in the time shown, nothing is drawn in its colour."""
    fired = ink(opened(png(product(1))), MARK)
    twice = ink(opened(png(product(1, marks=[NOW - DAY, NOW - 9 * DAY]))), MARK)
    none = opened(png(product(1, marks=[NOW - 31 * DAY, NOW + DAY])))
    assert (0 < fired < twice, ink(none, MARK)) == (True, 0)


def test_a_gap_breaks_the_line() -> None:
    """Of ten days without a value, a third of the line is missing; of a straight one, nothing."""
    whole = ink(opened(png(product(1, points=daily([5.0] * 30)))), LINE)
    broken = daily([None if 10 <= day < 20 else 5.0 for day in range(30)])
    left = ink(opened(png(product(1, points=broken))), LINE)
    assert 0.5 < left / whole < 0.85


def test_the_order_of_points_does_not_matter() -> None:
    """They are put in order."""
    assert png(product(1, points=RISING[::-1])) == png(product(1))


def test_times_are_told_in_the_zone() -> None:
    """Another zone is another picture; the values are the same."""
    assert png(product(1), zone=ZoneInfo("Asia/Bangkok")) != png(product(1))


@pytest.mark.parametrize(
    "values",
    [
        [], [42.0], [0.0] * 9, [1_500.0] * 9, [-1.0, -50.0, -3.0], [math.nan] * 5, [None] * 5,
        [math.inf, 1.0, -math.inf], [1e308, -1e308, 1e308], [1e300, -1e300], [5e-324, 0.0],
        [1e17, math.nextafter(1e17, 2e17)], [1.0, 1.0 + 1e-15], [1e-7, 2e-7],
    ],
)  # fmt: skip
@pytest.mark.parametrize("unit", [Unit.MONEY, Unit.COUNT, Unit.FRACTION, Unit.PLACE])
def test_odd_values_are_drawn(values: list[float | None], unit: Unit) -> None:
    """A picture comes of any values, also of none."""
    image = opened(png(product(1, points=daily(values)), product(2), unit=unit))
    assert image.size == (1080, 506)


_VALUES = st.one_of(st.none(), st.floats(), st.floats(-1e6, 1e6))
_INSTANTS = st.integers(NOW - 40 * DAY, NOW + 2 * DAY)
_PANELS = st.builds(
    Panel,
    name=st.text(max_size=120),
    points=st.lists(st.tuples(_INSTANTS, _VALUES), max_size=60),
    marks=st.lists(_INSTANTS, max_size=10),
    note=st.text(max_size=60),
    number=st.integers(0, 99),
    product_id=st.text(max_size=20),
)


# Not shrunk: what fails keeps its pictures alive, by thousands, until the memory is full.
@settings(max_examples=40, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(st.lists(_PANELS, max_size=6), st.text(max_size=80), st.sampled_from(list(Unit)))
def test_any_data_gives_a_small_picture(panels: list[Panel], title: str, unit: Unit) -> None:
    """Whatever the texts and values are, it is a PNG of the known width and below the limit."""
    data = png(*panels, title=title, unit=unit)
    assert opened(data).width == 1080
    assert len(data) < LIMIT


def test_pillow_is_not_imported_before_the_first_chart() -> None:
    """A daemon that never draws does not hold it."""
    code = "import sys, watcher.delivery.courier; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
