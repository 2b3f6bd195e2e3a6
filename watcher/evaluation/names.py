"""Names beside ids: the user's for sellers, the source's for categories; and of groups by these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from watcher.evidence import Evidence
from watcher.fields import CATEGORIES, IDS
from watcher.language import gettext as _
from watcher.subjects import BY, WATCH, subject_parts
from watcher.text.evidence import NO_NAMES, ids_in


class KnowsCategories(Protocol):
    """Knows names of categories."""

    def category_names(self, ids: Sequence[str]) -> Mapping[str, str]: ...


def names_in(
    history: KnowsCategories,
    sellers: Mapping[str, str],
    evidence: Iterable[Evidence],
    *more: str | None,
) -> dict[str, str]:
    """Names of the ids that occur in evidence, and of sellers' ids and groups beside it, as far as
    they are known. Those of categories are asked for only where some occur."""
    found = [*evidence]
    categories = [*ids_in(found, CATEGORIES), *grouped_ids(more, CATEGORIES)]
    known = {**(history.category_names(categories) if categories else {}), **sellers}
    occurring = (*more, *grouped_ids(more, IDS), *ids_in(found, IDS)) if known else ()
    return {each: known[each] for each in occurring if each in known}


def grouped_ids(subjects: Iterable[str | None], fields: Sequence[str]) -> list[str]:
    """The sellers and categories, of these fields, by which some of the subjects are groups."""
    parts = (subject_parts(each) for each in subjects if each)
    return [each[1] for each in parts if each is not None and each[0] in fields]


def subject_name(subject: str, name: str, names: Mapping[str, str] = NO_NAMES) -> str:
    """A product's ``name``; of a group that of its seller, category or list, else what it is:
    ``seller 7495981769829615944``."""
    parts = subject_parts(subject)
    if parts is None:
        return name
    by, value = parts
    known = None if by == WATCH else names.get(value)
    return known or f"{_(BY[by].one)} {value}"
