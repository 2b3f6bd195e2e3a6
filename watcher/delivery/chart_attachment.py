"""The picture that goes with a message."""

from __future__ import annotations

from datetime import tzinfo

from watcher.delivery.apprise.target import Attachment
from watcher.delivery.view import moved
from watcher.model import Chart, Series
from watcher.units import Unit

NAME = "chart.png"


def picture(chart: Chart, zone: tzinfo) -> Attachment:
    """Draw it: some 30 ms of processor time, so in a thread. Times are told in ``zone``."""
    from watcher.charts.picture import Panel, draw  # noqa: PLC0415 - a daemon may never draw

    content = draw(
        [
            Panel(each.name, each.points, each.marks, _note(each), each.number, each.product_id)
            for each in chart.series
        ],
        title=f"{chart.label}{f' in {chart.currency}' if chart.currency else ''}, last 30 days",
        unit=Unit(chart.unit),
        zone=zone,
        now=chart.at,
    )
    return Attachment(NAME, content)


def _note(series: Series) -> str:
    return moved(series.evidence) if series.evidence is not None else ""
