"""Files that go with a message: its chart as a picture, the rows of its report."""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import TYPE_CHECKING

from watcher.chart import Chart
from watcher.delivery.reasons import moved
from watcher.delivery.rendered import Attachment, Way
from watcher.labels import label_said
from watcher.language import gettext as _
from watcher.language import spoken
from watcher.report import ReportContent
from watcher.text.report_csv import report_csv
from watcher.units import Unit

if TYPE_CHECKING:
    from watcher.charts.lettering import Fonts

CHART = "chart.png"


def chart_file(chart: Chart, way: Way) -> Attachment:
    """Draw it: some 30 ms of processor time, so in a thread. Times are told in the channel's zone,
    words in its language, as far as this machine has letters for it."""
    from watcher.charts.lettering import Fonts, lettered  # noqa: PLC0415 - a daemon may never draw

    fonts = Fonts()
    with spoken(way.language):
        alt = _("Chart")
    with spoken(lettered(way.language, fonts)):
        return Attachment(CHART, _picture(chart, way.zone, fonts), alt=alt)


def _picture(chart: Chart, zone: tzinfo, fonts: Fonts) -> bytes:
    from watcher.charts.picture import Panel, draw  # noqa: PLC0415 - as above

    panels = []
    for each in chart.series:
        change = moved(each.evidence) if each.evidence is not None else ""
        panels.append(
            Panel(each.name, each.points, each.marks, change, each.number, each.product_id)
        )
    label = label_said(chart.metric, chart.label)
    if chart.currency:
        label = _("{label} in {currency}").format(label=label, currency=chart.currency)
    return draw(
        panels,
        title=_("{label}, last 30 days").format(label=label),
        unit=Unit(chart.unit),
        zone=zone,
        now=chart.at,
        fonts=fonts,
    )


def report_file(report: ReportContent) -> Attachment:
    """A report's rows as a file."""
    name = re.sub(r"[^\w-]+", "-", report.name, flags=re.ASCII).strip("-") or "report"
    return Attachment(f"{name}.csv", report_csv(report), "text/csv")
