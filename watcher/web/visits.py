"""What is counted of those who come to the page, for ``/metrics``."""

from __future__ import annotations

from prometheus_client import Counter
from prometheus_client.registry import Collector


class Visits:
    """Counters since the start, kept by the page itself."""

    def __init__(self) -> None:
        self.wrong_tokens = _counter("wrong_tokens", "Requests with a wrong token")
        self.malformed = _counter("malformed_requests", "Requests that could not be read")
        self.dropped = _counter(
            "connections_dropped",
            "Connections that were cut: too slow, or in the way of another one",
        )

    @property
    def instruments(self) -> tuple[Collector, ...]:
        """For ``/metrics``."""
        return self.wrong_tokens, self.malformed, self.dropped


def _counter(name: str, help_: str) -> Counter:
    return Counter(f"watcher_page_{name}", help_, registry=None)
