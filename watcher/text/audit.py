"""Records of what people wrote, in words: what was done, and what that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any

from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.language import pgettext
from watcher.people import AuditRecord, Via, WriteKind
from watcher.text.retold import retold
from watcher.text.sanitize import shorten
from watcher.units import format_instant, format_number

_DONE: Mapping[str, str] = {
    WriteKind.SILENCE: N_("began silence {subject}"),
    WriteKind.END_SILENCE: N_("ended silence {subject}"),
    WriteKind.FOLLOW: N_("followed {subject}"),
    WriteKind.UNFOLLOW: N_("followed {subject} no more"),
    WriteKind.RETRY: N_("sent message {subject} again"),
    WriteKind.DROP: N_("dropped message {subject}"),
    WriteKind.ACKNOWLEDGE: N_("acknowledged alert {subject}"),
    WriteKind.TAKE_BACK: N_("took back the acknowledgement of alert {subject}"),
    WriteKind.REVOKE_LINKS: N_("revoked the links of message {subject}"),
    WriteKind.EDIT_RULES: N_("changed the rules of the page"),
    WriteKind.ADD_PERSON: N_("let {subject} in"),
    WriteKind.REVOKE_PERSON: N_("revoked the token of {subject}"),
    WriteKind.FORGET_PERSON: N_("forgot {subject}"),
    WriteKind.PRUNE: N_("removed what was old"),
}
_KINDS: Mapping[str, str] = {
    WriteKind.SILENCE: N_("silences begun"),
    WriteKind.END_SILENCE: N_("silences ended"),
    WriteKind.FOLLOW: N_("products followed"),
    WriteKind.UNFOLLOW: N_("products followed no more"),
    WriteKind.RETRY: N_("messages sent again"),
    WriteKind.DROP: N_("messages dropped"),
    WriteKind.ACKNOWLEDGE: N_("alerts acknowledged"),
    WriteKind.TAKE_BACK: N_("acknowledgements taken back"),
    WriteKind.REVOKE_LINKS: N_("links revoked"),
    WriteKind.EDIT_RULES: N_("rules of the page changed"),
    WriteKind.ADD_PERSON: N_("people let in"),
    WriteKind.REVOKE_PERSON: N_("tokens revoked"),
    WriteKind.FORGET_PERSON: N_("people forgotten"),
    WriteKind.PRUNE: N_("old rows removed"),
}
_WAYS = {
    Via.PAGE: N_("on the page"),
    Via.LINK: N_("by the link of a message"),
    Via.COMMAND: N_("by a command"),
}
_NAMES: Mapping[str, str] = {
    "rule": N_("rule"),
    "product": N_("product"),
    "seller": N_("seller"),
    "category": N_("category"),
    "ends": N_("ends"),
    "comment": N_("comment"),
    "note": N_("note"),
    "products": N_("products"),
    "role": N_("role"),
    "revoked": N_("revoked"),
    "acknowledged": N_("acknowledged"),
    "links": N_("links that hold"),
    "rows": N_("rows"),
    "version": N_("version"),
    "bytes": N_("bytes"),
    "as": N_("as in version"),
    "alerts": N_("alerts"),
    "rules": N_("rules"),
    "silences": N_("silences"),
}
_INSTANTS = {"ends", "revoked", "acknowledged"}
_LONGEST = 300  # characters of a value; programs get all of it


def done(record: AuditRecord) -> str:
    """``followed 1729873073559015752``; of a kind that is not known its own word."""
    pattern = _DONE.get(record.what)
    if pattern is None:
        return " ".join(filter(None, (record.what, record.subject)))
    return _(pattern).format(subject=record.subject)


def kind_said(what: str) -> str:
    """A kind of writes, to choose by: ``products followed``."""
    return _(_KINDS[what]) if what in _KINDS else what


def way(record: AuditRecord) -> str:
    """The way by which it was written: ``on the page``."""
    return _(_WAYS[record.via])


def changes(record: AuditRecord, zone: tzinfo) -> list[str]:
    """A line for each value that it changed: ``note: old → new``, or the value alone where there
    was or is no other one; times in ``zone``."""
    before, after = record.before or {}, record.after or {}
    lines = [
        _("{name}: {before} → {after}").format(
            name=_named(name, before[name]),
            before=_said(name, before[name], zone),
            after=_said(name, after[name], zone),
        )
        for name in before
        if name in after and before[name] != after[name]
    ]
    gone = [*_values(before, after, zone)] if record.before is not None else []
    new = [*_values(after, before, zone)] if record.after is not None else []
    if gone and new:
        pattern = _("{before} → {after}")
        return [*lines, pattern.format(before=_(", ").join(gone), after=_(", ").join(new))]
    return [*lines, *gone, *new]


def _values(values: Mapping[str, Any], other: Mapping[str, Any], zone: tzinfo) -> Iterator[str]:
    """Yield the values that the ``other`` ones have not."""
    for name, value in values.items():
        if name not in other and value != "":
            yield _("{name}: {value}").format(
                name=_named(name, value), value=_said(name, value, zone)
            )


def _named(name: str, value: object) -> str:
    if name == "products" and isinstance(value, str):  # which they are, not how many
        return pgettext("named", "products")
    return _(_NAMES[name]) if name in _NAMES else retold(name)


def _said(name: str, value: object, zone: tzinfo) -> str:
    if value is None:
        return _("never") if name == "ends" else _("none")
    if name in _INSTANTS and isinstance(value, int):
        return format_instant(value, zone)
    if isinstance(value, Mapping):
        pairs = (f"{retold(str(key))} {_said('', each, zone)}" for key, each in value.items())
        return _(", ").join(pairs)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return format_number(value)
    return shorten(str(value), _LONGEST) or _("none")
