"""A channel's own ``template:`` in a small, harmless part of Jinja2.

What remains can't call anything, reach outside of the message, or run for long. All else is refused
when the rule file is read; so is a name that a message lacks, for it is tried on a sample.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from watcher.words import Wrong

LONGEST = 5_000  # characters of a template

_PRODUCT = {
    "number": 1,
    "id": "1729000000000000000",
    "name": "Sample product",
    "link": "https://www.tiktok.com/shop/pdp/1729000000000000000",
    "alert": "A1",
    "notes": ["still firing, since 16 Nov"],
    "why": ["7-day GMV 1,200 → 4,830 (+303%) since 16 Nov"],
    "facts": ["12.99 USD", "7 days: 372 sold, GMV 4,830"],
    "rules": ["beauty-rising", "climbs"],
    "act": "https://watcher.example.org/act/AbCdEfGhIjKlMnOpQrStUv/1",
}
# What a template is given, with values as they may be.
SAMPLE: Mapping[str, Any] = {
    "title": "[info] beauty-rising: 1 product (US)",
    "severity": "info",
    "rule": "beauty-rising",
    "region": "US",
    "text": "Beauty products whose sales took off",
    "products": [_PRODUCT],
    "rest": 1,
    "names": ["Another product"],
    "more": "and 1 more: Another product",
    "data": "Data of 16 Nov 2026, 09:00 UTC",
    "footer": "Data of 16 Nov 2026, 09:00 UTC · alert A1",
    "act": "https://watcher.example.org/act/AbCdEfGhIjKlMnOpQrStUv",
}
_EMPTY = {**SAMPLE, "products": [], "names": [], "text": "", "more": "", "rest": 0, "footer": ""}

Escape = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was checked; on another message it may fail all the same, say on a sum of a
    number and a text, so that who writes it must have another way."""

    source: str

    def write(self, values: Mapping[str, Any], escape: Escape) -> str:
        """The template filled with ``values`` (as ``SAMPLE``); ``escape`` makes each text fit the
        service's format, what the template itself says stays as it is."""
        from watcher.rules.sections.template_engine import written  # noqa: PLC0415 - only where one is used

        return written(self.source, values, escape)


def parse_template(source: object) -> Template:
    """Checked, and tried on samples; ``Wrong`` says what does not fit, and in which line."""
    if not isinstance(source, str):
        raise Wrong("takes a Jinja2 template, as text")
    if len(source) > LONGEST:
        raise Wrong(f"is longer than {LONGEST} characters")
    if not source.strip():
        raise Wrong("is empty: leave it out for the usual messages")
    from watcher.rules.sections.template_engine import check  # noqa: PLC0415 - only where one is used

    check(source, (SAMPLE, _EMPTY))
    return Template(source)
