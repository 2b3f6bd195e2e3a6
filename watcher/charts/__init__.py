"""Charts of products: a picture of a metric's last 30 days, one panel a product.

``draw`` is a function from data to the bytes of a PNG. What it draws with is imported by the
first call, for a daemon that never draws need not hold it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

from watcher.charts.panel import MOST_PANELS, Panel
from watcher.model import Instant
from watcher.units import Unit

if TYPE_CHECKING:
    from watcher.charts.fonts import Fonts

__all__ = ["MOST_PANELS", "Panel", "draw"]


def draw(
    panels: Sequence[Panel], *, title: str, unit: Unit, zone: tzinfo, now: Instant,
    fonts: Fonts | None = None,
) -> bytes:  # fmt: skip
    """A PNG of the first six ``panels``, 1080 pixels wide, of the 30 days up to ``now``.

    All values are of one ``unit``; times are told in ``zone``. Texts may be anything: what no
    font of this machine shows is left out, and a product whose name can't be read goes by its
    number and the end of its id. Takes some 40 ms of processor time: call it in a thread.
    """
    from watcher.charts.fonts import Fonts  # noqa: PLC0415
    from watcher.charts.picture import paint  # noqa: PLC0415

    return paint(panels, title=title, unit=unit, zone=zone, now=now, fonts=fonts or Fonts())
