"""The ``sellers:`` section: names of one's own for sellers, by their ids."""

from __future__ import annotations

import re
from collections.abc import Mapping

from watcher.errors import ProblemCode
from watcher.rules.files.rule_file import Entry
from watcher.rules.sections.validators import LONGEST_NAME, is_short
from watcher.words import kind, quoted

ID_PATTERN = "[0-9]{1,40}"
_ID = re.compile(ID_PATTERN, re.ASCII)
_EXAMPLE = '"7495981769829615944": GlowLab'


class Sellers:
    """The names read so far, each of one id."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._ids: dict[str, Entry] = {}  # where each id is named
        self._taken: dict[str, Entry] = {}  # where each name is given

    @property
    def names(self) -> Mapping[str, str]:
        """Names by id."""
        return self._names

    def add(self, seller_id: str, entry: Entry) -> None:
        """Read one line; what is wrong with it is reported."""
        name = entry.value
        if not _ID.fullmatch(seller_id):
            entry.report(_no_id(seller_id, name), at_key=True)
        elif not isinstance(name, str):
            hint = ": put it in quotes" if isinstance(name, int | float) else ""
            entry.report(f"takes the seller's name, as {_EXAMPLE}, not {kind(name)}{hint}")
        elif not is_short(name.strip()):
            entry.report(f"{quoted(name)} is no name: at most {LONGEST_NAME} characters, on a line")
        elif name.strip().isdecimal():
            what = f"{quoted(name)} could be a seller's id: a name has more than digits"
            entry.report(what)
        elif self._is_new(seller_id, name.strip(), entry):
            self._names[seller_id] = name.strip()

    def _is_new(self, seller_id: str, name: str, entry: Entry) -> bool:
        named = self._ids.setdefault(seller_id, entry)
        if named is not entry:
            what = f"seller {seller_id} is named already at {named}"
            entry.report(what, ProblemCode.NAME_TAKEN, at_key=True)
            return False
        taken = self._taken.setdefault(name.casefold(), entry)
        if taken is not entry:
            what = f"the name {quoted(name)} is already used at {taken}"
            entry.report(f"{what}: two sellers can't share it", ProblemCode.NAME_TAKEN)
        return taken is entry


def _no_id(text: str, value: object) -> str:
    swapped = isinstance(value, str | int) and _ID.fullmatch(str(value).strip())
    hint = f'turn it round, as "{value}": {text}' if swapped else f"write it like {_EXAMPLE}"
    return f"{quoted(text)} is no seller's id, which is digits: {hint}"
