"""Logs go to stderr: lines for people, or JSON for machines."""

from __future__ import annotations

import logging
import sys
from typing import Literal, TextIO

import structlog

from watcher.cli import journal
from watcher.redaction import log_redaction
from watcher.text.sanitize import plain, plain_lines

Style = Literal["text", "json"]


def configure(style: Style, level: str) -> None:
    """Set up structlog, and let the libraries' own warnings through it."""
    threshold = getattr(logging, level.upper())
    formatter = structlog.stdlib.ProcessorFormatter
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,  # the book, where there are several
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, formatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if style == "text":
        traceback = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=traceback
        )
    rendered = [formatter.remove_processors_meta, _harmless, renderer]
    handler = _Stderr(of_journal=style == "text" and journal.is_read())
    handler.setFormatter(formatter(processors=rendered, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries say at INFO and DEBUG what may hold a key or a URL with one: none is heard there.
    root.setLevel(max(threshold, logging.WARNING))
    logging.getLogger("watcher").setLevel(threshold)


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what stderr is at that moment: above a progress bar, not into it. Where it is
    ``of_journal`` each line has its priority."""

    def __init__(self, *, of_journal: bool) -> None:
        logging.Handler.__init__(self)
        self._of_journal = of_journal

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return journal.marked(text, record.levelno) if self._of_journal else text

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def _harmless(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """One line an event, whatever a service or a file put into it, and no secret; a traceback keeps
    its lines."""
    return {
        name: (plain_lines if name == "exception" else plain)(log_redaction(value))
        if isinstance(value, str)
        else value
        for name, value in event.items()
    }
