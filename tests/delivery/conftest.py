"""Fixtures of the delivery tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.delivery.couriers import Store


@pytest.fixture
def store() -> Iterator[Store]:
    """A store in memory."""
    made = Store()
    yield made
    made.database.close()
