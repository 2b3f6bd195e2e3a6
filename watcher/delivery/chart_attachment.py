"""The picture that goes with a message."""

from __future__ import annotations

from datetime import tzinfo

from watcher.charts import draw
from watcher.charts.panel import Panel
from watcher.delivery.services import Attachment
from watcher.delivery.view import moved
from watcher.model import Chart, Series
from watcher.units import Unit

NAME = "chart.png"


def picture(chart: Chart, zone: tzinfo) -> Attachment:
    """Draw it: some 30 ms of processor time, so in a thread. Times are told in ``zone``."""
    content = draw(
        [_panel(each) for each in chart.series],
        title=f"{chart.label}{f' in {chart.currency}' if chart.currency else ''}, last 30 days",
        unit=Unit(chart.unit),
        zone=zone,
        now=chart.at,
    )
    return Attachment(NAME, content)


def _panel(series: Series) -> Panel:
    note = moved(series.evidence) if series.evidence is not None else ""
    return Panel(series.name, series.points, series.marks, note, series.number, series.product_id)
