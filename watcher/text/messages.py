"""Texts of messages in the language that is spoken, composed of a message's fields as it is
rendered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from msgspec.structs import replace

from watcher.language import gettext as _
from watcher.language import ngettext
from watcher.message import Also, Item, Message, RuleCount, Waited
from watcher.text.evidence import spelled
from watcher.text.incidents import incident_text
from watcher.text.titles import (
    cause_said,
    incident_title,
    severity_said,
    subjects_of,
    title_of,
    troubles_of,
)
from watcher.units import format_duration, format_number

__all__ = [
    "heading_of", "lead_of", "rule_line", "subjects_of", "text_of", "title_of", "worded",
]  # fmt: skip
_Word = TypeVar("_Word", Item, Also)


def text_of(message: Message) -> str:
    """The text above the products: what is not told of each of them."""
    return _text(message, map(rule_line, message.parts))


def lead_of(message: Message) -> str:
    """The text above the products where a line about each rule stands elsewhere."""
    return _text(message, ())


def _text(message: Message, rules: Iterable[str]) -> str:
    if message.text:
        return message.text
    if message.incident is not None:
        return incident_text(message.incident, over=message.over)
    return "\n".join(rules if message.waited is None else _lines(message.waited, rules))


def worded(message: Message) -> Message:
    """A message with its words in it, as older versions stored it: for programs."""
    items = tuple(
        replace(_spelled(item), also=tuple(map(_spelled, item.also))) for item in message.items
    )
    title, text = title_of(message), text_of(message)
    return replace(message, title=title, text=text, items=items, told=0, ended=0, parts=())


def _spelled(word: _Word) -> _Word:
    """An item, or another rule's word beside it, with its evidence in words."""
    return replace(word, why=tuple(map(spelled, word.why)), now=tuple(map(spelled, word.now)))


def heading_of(part: RuleCount) -> str:
    """A rule's name or label; with its severity, where that is more than info."""
    if not part.severity.rank:
        return part.called
    return _("{rule} ({severity})").format(rule=part.called, severity=severity_said(part.severity))


def rule_line(part: RuleCount) -> str:
    """``breakout: 3 products - Sales took off``."""
    told = subjects_of(part.told, part.ended, part.grouped_by)
    line = _("{rule}: {told}").format(rule=heading_of(part), told=told)
    if not part.description:
        return line
    return _("{line} - {description}").format(line=line, description=part.description)


def _lines(waited: Waited, rules: Iterable[str]) -> Iterator[str]:
    pattern = ngettext(
        "{count} message waited for up to {time}. What still holds of them:",
        "{count} messages waited for up to {time}. What still holds of them:",
        waited.messages,
    )
    time = format_duration(waited.seconds)
    yield pattern.format(count=format_number(waited.messages), time=time)
    yield from rules
    if waited.passed:
        pattern = ngettext(
            "{count} alert began and ended meanwhile.",
            "{count} alerts began and ended meanwhile.",
            waited.passed,
        )
        yield pattern.format(count=format_number(waited.passed))
    for each in waited.troubles:  # an earlier version stored words
        text = each if isinstance(each, str) else incident_text(each)
        yield _("watcher: {title}").format(title=text)
    for each in waited.over:
        text = each if isinstance(each, str) else cause_said(each)
        yield _("watcher: over: {title}").format(title=text)
    for each in waited.went:
        text = each if isinstance(each, str) else incident_title(each)
        yield _("watcher: came and went: {title}").format(title=text)
    if waited.others:
        if waited.went:
            pattern = _("{troubles} more of the watcher came and went.")
        else:
            pattern = _("{troubles} of the watcher came and went.")
        yield pattern.format(troubles=troubles_of(waited.others))
