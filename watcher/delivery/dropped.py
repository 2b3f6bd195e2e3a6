"""Recipients that Apprise leaves out while it reads a URL: it says so in its log, and goes on.

Whoever is left out would never be told anything, and every message would count as sent.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LEFT_OUT = re.compile(
    r"(?:Dropp(?:ed|ing) (?:invalid |local |non-\w+ )?|"
    r"Ignor(?:ed|ing) (?:invalid |illegally formed ))(?:([\w .#/+-]*?) *[(:'%])?"
)
_one_at_a_time = threading.Lock()


@contextmanager
def left_out() -> Iterator[list[str]]:
    """What Apprise leaves out in the block, a word or two for each: "To email", "phone #".

    Never the recipients themselves: an address may be a secret.
    """
    found: list[str] = []
    reader = threading.get_ident()

    def note(record: logging.LogRecord) -> bool:
        told = _LEFT_OUT.match(str(record.msg))
        if record.thread != reader or told is None:
            return True
        # What follows in brackets, in quotes or after a colon is the recipient.
        found.append(told[1] or "recipient")
        return False

    log = logging.getLogger("apprise")
    with _one_at_a_time:
        level = log.level
        log.addFilter(note)
        log.setLevel(min(level or logging.WARNING, logging.WARNING))
        try:
            yield found
        finally:
            log.removeFilter(note)
            log.setLevel(level)
