"""Names of categories in the JSON Schema: those that a database knows, for an editor to offer."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator

from watcher.categories import CATEGORY, LEVELS, KnownCategories
from watcher.rules.schema.schema_types import Schema

_KEYS = (CATEGORY, *LEVELS)


def with_names(schema: Schema, known: KnownCategories) -> Schema:
    """The schema with the names of the level that each key is of."""
    found = copy.deepcopy(schema)
    for level, key in enumerate(_KEYS):
        # In quotes, whatever the name: a comma would end it between braces.
        snippets = [{"label": name, "body": json.dumps(name, ensure_ascii=False)}
                    for name in sorted(known.names(level))]  # fmt: skip
        for place in _places(found, key) if snippets else ():
            place["defaultSnippets"] = snippets
    return found


def _places(schema: Schema, key: str) -> Iterator[Schema]:
    """Yield each place where a name of the key's level may stand."""
    definitions = schema["$defs"]
    yield definitions["watch"]["properties"][key]
    condition = definitions["condition"]["properties"][key]
    yield condition
    for operator, takes in condition["properties"].items():
        if operator not in ("contains", "matches", "changes"):
            yield takes.get("items", takes)
