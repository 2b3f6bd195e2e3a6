"""Subjects, which rules speak of: a product, or a group of products that share something.

A group is known as a product is, by an id that says what it is grouped by: ``seller_id=7495...``.
No id of the API holds a "=".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from watcher.fields import CATEGORIES, SELLER
from watcher.language import gettext_noop as N_

WATCH = "watch"  # all of a list is one group


@dataclass(frozen=True, slots=True)
class GroupBy:
    """A way to group products: by an attribute of theirs, or by the list that they are on."""

    name: str
    one: str
    many: str


BY: Mapping[str, GroupBy] = {
    each.name: each
    for each in (
        GroupBy(SELLER, N_("seller"), N_("sellers")),
        *(GroupBy(name, N_("category"), N_("categories")) for name in CATEGORIES),
        GroupBy(WATCH, N_("list"), N_("lists")),
    )
}


def subject_id(by: str, value: str) -> str:
    """The id of a group."""
    return f"{by}={value}"


def subject_parts(subject: str) -> tuple[str, str] | None:
    """The way a group is grouped, and its value; None of a product's id."""
    by, equals, value = subject.partition("=")
    return (by, value) if equals and by in BY else None
