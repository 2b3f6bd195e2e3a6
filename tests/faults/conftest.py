"""The two ends that a daemon here has."""

from tests.end_to_end.conftest import simulator, sink

__all__ = ["simulator", "sink"]
