"""Doubts about ids: texts that no product can have as one."""

from __future__ import annotations

from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.rewording import BecomesText, Rewording
from watcher.rules.conditions.text import OneOf
from watcher.rules.lint.clauses import said
from watcher.words import quoted

# The attributes that are ids, and of what.
_IDS = {
    "product_id": "product",
    "seller_id": "seller",
    **dict.fromkeys(("category_id", "category_l2_id", "category_l3_id"), "category"),
}
_CURES = {
    "seller": "; give it a name under sellers: to call it so",
    "category": "; no names are known here (`watcher source probe --endpoint categories`)",
}


def no_id(leaf: Condition) -> str:
    """The reason why a condition on an id is in vain; empty where it is not."""
    if isinstance(leaf, Rewording) and leaf.attribute.name == "product_id":
        return f"{said(leaf)}: a product is known by its id, which never changes: no data ever"
    if not isinstance(leaf, OneOf | BecomesText) or leaf.attribute.name not in _IDS:
        return ""
    values = leaf.values if isinstance(leaf, OneOf) else (leaf.text,)
    odd = next((value for value in values if not value.isdecimal()), None)
    if odd is None:
        return ""
    what = _IDS[leaf.attribute.name]
    where = f" in {leaf.file}" if isinstance(leaf, OneOf) and leaf.file else ""
    cure = _CURES.get(what, "")
    return f"{quoted(odd)}{where} is no {what}'s id, which is digits: none has it{cure}"
