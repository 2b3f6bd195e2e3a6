"""Tables whose rows are no places on a list: groups, and products against what was told of them."""

from __future__ import annotations

import numpy as np

from watcher.evidence import Gap
from watcher.model import Bools, Instant, Ints, LastTexts
from watcher.rules.conditions.base import Masks, Need


class Unlisted:
    """The part of ``ScanColumns`` that speaks of a list: of these rows none came or went, no text
    is known of before, and no baseline is older than the others."""

    size: int
    gone_at: Instant | None = None

    def last_text(self, _name: str) -> LastTexts:
        return LastTexts([None] * self.size, np.zeros(self.size, np.int64))

    def text_gap(self, _name: str, _row: int) -> Gap | None:
        return None

    def gap(self, _need: Need, _row: int) -> Gap | None:
        return None

    def fallen(self) -> Bools:
        return np.zeros(self.size, np.bool_)

    def appeared(self) -> Masks:
        return Masks(self.fallen(), self.fallen())

    def returned(self) -> tuple[Masks, Ints]:
        return self.appeared(), np.zeros(self.size, np.int64)

    def gone(self) -> Masks:
        return self.appeared()
