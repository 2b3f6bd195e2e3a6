"""Names in conditions on ids: each into the id that it stands for."""

from __future__ import annotations

from watcher.rules.conditions.values import FileValues
from watcher.rules.metrics import Attribute
from watcher.words import Wrong


def with_ids(attribute: Attribute, value: object) -> tuple[object, dict[str, str], list[str]]:
    """A value with ids in place of names, the names by id, and what is odd about them. Raises
    ``Wrong``."""
    reader = _Reader(attribute)
    return reader.read(value), reader.names, reader.doubts


class _Reader:
    def __init__(self, attribute: Attribute) -> None:
        self._attribute = attribute
        self.names: dict[str, str] = {}
        self.doubts: list[str] = []

    def read(self, value: object) -> object:
        if isinstance(value, FileValues):
            return FileValues((self._id_of(one) for one in value), value.file, value.lines)
        if isinstance(value, list):
            return [self._item(value, place) for place in range(len(value))]
        return self._id_of(value)

    def _item(self, values: list[object], place: int) -> object:
        try:
            return self._id_of(values[place])
        except Wrong:
            # A name with a comma in it is cut into several.
            lookup = self._attribute.categories
            texts = [str(each) for each in values[place:] if isinstance(each, str)]
            if lookup is not None and (cut := lookup.cut(texts)):
                raise Wrong(cut) from None
            raise

    def _id_of(self, value: object) -> object:
        attribute = self._attribute
        if not isinstance(value, str):
            return value
        if attribute.categories is None:
            return attribute.id_of(value)
        found = attribute.category_of(value)
        if found.name:
            self.names[found.category_id] = found.name
        if found.doubt:
            self.doubts.append(found.doubt)
        return found.category_id
