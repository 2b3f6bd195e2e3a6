"""The refusals of a simulated endpoint."""

from __future__ import annotations


class BadParameter(ValueError):
    """A parameter that an endpoint refuses (400)."""
