"""What a service is given, apart from how it comes about: who tries URLs needs no templates."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST = 30_000  # UTF-16 units of title and body together, where a service has no limit


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a service is given. ``format`` is text, markdown or html, of the body alone.

    ``title`` is plain text; it is empty where the style has it in the body. ``plain`` says the
    same as an HTML mail for who reads mail as text; other styles have none.
    """

    title: str
    body: str
    format: str
    severity: str = "info"
    plain: str = ""
