"""Names beside ids: the user's for sellers, the source's for categories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from watcher.evidence import Evidence
from watcher.fields import CATEGORIES, IDS
from watcher.text.evidence import ids_in


class CategoryNames(Protocol):
    """Knows names of categories."""

    def category_names(self, ids: Sequence[str]) -> Mapping[str, str]: ...


def names_in(
    history: CategoryNames,
    sellers: Mapping[str, str],
    evidence: Iterable[Evidence],
    *more: str | None,
) -> dict[str, str]:
    """Names of the ids that occur in evidence, and of sellers' ids beside it, as far as they are
    known. Those of categories are asked for only where some occur."""
    found = [*evidence]
    categories = ids_in(found, CATEGORIES)
    known = {**(history.category_names(categories) if categories else {}), **sellers}
    occurring = (*more, *ids_in(found, IDS)) if known else ()
    return {each: known[each] for each in occurring if each in known}
