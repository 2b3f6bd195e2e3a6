"""What a simulated endpoint refuses."""

from __future__ import annotations


class BadParameter(ValueError):
    """A parameter that an endpoint refuses (400)."""
