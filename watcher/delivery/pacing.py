"""Apprise's own waiting, held to what a try can bear: repeating is the courier's.

Some plugins (Discord, Fluxer, Revolt, Matrix, SparkPost, Mastodon ...) repeat a request that was
answered 429 by themselves, after 0.1 s or after as long as the service says, on the thread of the
try. All of them wait by ``throttle``. The pause that a plugin keeps between its own requests stays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apprise import NotifyBase

from watcher.delivery import observing

PATIENCE = 10.0  # seconds that a try waits for a service that says when it takes more
LONGEST_ASKED = 900.0  # a service's clock and ours may be hours apart


def pace(plugin: NotifyBase) -> None:
    """Have ``plugin`` end a try that has been asked to wait, by ``observing.Limited``."""
    usual: Callable[..., object] = plugin.throttle

    def throttle(last_io: Any = None, wait: float | None = None) -> None:
        observation = observing.current()
        if observation is not None:
            if wait is not None and wait > PATIENCE and not observation.limited:
                observation.limited, observation.asked = True, min(wait, LONGEST_ASKED)
            observation.hold()
        usual(last_io=last_io, wait=wait)

    vars(plugin)["throttle"] = throttle
