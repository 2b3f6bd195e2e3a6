"""The source that a rulebook names."""

from __future__ import annotations

from watcher.errors import WatcherError
from watcher.rules.rulebook import Rulebook
from watcher.source.client import Client


def client_of(book: Rulebook) -> Client:
    """A client as the rule file's ``api:`` says; ``WatcherError`` without a key."""
    if book.api.key is None:
        raise WatcherError(
            "no key: set the environment variable KEYAPI_KEY (or KEYAPI_TOKEN), or api.key in the "
            "rule file"
        )
    return Client(
        book.api.url,
        book.api.key.reveal(),
        requests_per_second=book.api.requests_per_second,
        concurrency=book.api.concurrency,
    )
