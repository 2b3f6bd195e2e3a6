"""Priorities for systemd's journal, where it reads standard error: each line begins with one."""

from __future__ import annotations

import logging
import os

# Levels of logging, and what sd-daemon(3) has for them.
_PRIORITIES = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
)
_DEBUG = 7


def is_read() -> bool:
    """Whether standard error ends in the journal: systemd names its device and inode, and whoever
    leads it elsewhere leaves the name as it is."""
    try:
        stream = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}"


def marked(text: str, level: int) -> str:
    """A text with the priority of a level before each of its lines: the journal takes each for an
    entry of its own."""
    priority = next((number for least, number in _PRIORITIES if level >= least), _DEBUG)
    return "\n".join(f"<{priority}>{line}" for line in text.split("\n"))


def as_error(text: str) -> str:
    """A text with the priority of an error before each of its lines."""
    return marked(text, logging.ERROR)
