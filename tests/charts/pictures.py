"""Charts for tests: short to ask for, and opened again."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, tzinfo

from PIL import Image

from watcher.charts.lettering import Fonts
from watcher.charts.picture import Panel, draw
from watcher.units import DAY, Unit

NOW = 1_795_510_800  # 24 Nov 2026, 09:00 UTC
LIMIT = 40_000


def daily(values: Sequence[float | None], until: int = NOW) -> list[tuple[int, float | None]]:
    """One value a day, the last at ``until``."""
    first = until - (len(values) - 1) * DAY
    return [(first + index * DAY, value) for index, value in enumerate(values)]


def png(
    *panels: Panel, title: str = "beauty-rising · 7-day GMV", unit: Unit = Unit.MONEY,
    zone: tzinfo = UTC, fonts: Fonts | None = None,
) -> bytes:  # fmt: skip
    """The chart of ``panels``, at ``NOW``."""
    return draw(panels, title=title, unit=unit, zone=zone, now=NOW, fonts=fonts)


def opened(data: bytes) -> Image.Image:
    """The picture, read in full; raises where it is none."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def ink(image: Image.Image, colour: tuple[int, int, int]) -> int:
    """Number of pixels of exactly ``colour``."""
    counted = image.convert("RGB").getcolors(1_000) or []
    return sum(count for count, each in counted if each == colour)
