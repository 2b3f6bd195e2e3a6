"""What is written on a picture: for tests of its words."""

from __future__ import annotations

from typing import Any

import pytest

from watcher.chart import Chart
from watcher.charts.lettering import Fonts, Line, lettered
from watcher.charts.picture import Canvas
from watcher.delivery.attachments import chart_file
from watcher.delivery.rendered import Attachment, Way
from watcher.language import Language


def has_cjk_font() -> bool:
    """Whether this machine has a font with Chinese letters."""
    return lettered(Language.CHINESE, Fonts()) is Language.CHINESE


def drawn(monkeypatch: pytest.MonkeyPatch, chart: Chart, way: Way) -> tuple[Attachment, str]:
    """The picture, and all texts on it, a line each."""
    lines: list[str] = []
    write = Canvas.text

    def text(canvas: Canvas, ink: Any, at: Any, line: Line, *, share: float = 0.0) -> None:
        lines.append(line.text)
        write(canvas, ink, at, line, share=share)

    with monkeypatch.context() as patched:
        patched.setattr(Canvas, "text", text)
        made = chart_file(chart, way)
    return made, "\n".join(lines)
