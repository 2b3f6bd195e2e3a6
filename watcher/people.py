"""People who may open the page, and what each may do there."""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    """What a person may do on the page; each may also do all that is below it."""

    FEED = 1  # read the feeds of alerts, and nothing else
    READ = 2  # look
    ACT = 3  # acknowledge, silence, follow, send a message again
    EDIT = 4  # write the rules of the page
