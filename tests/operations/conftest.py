"""A market and a service that takes messages, as the end-to-end tests have them."""

from __future__ import annotations

from tests.end_to_end.conftest import simulator, sink

__all__ = ["simulator", "sink"]
