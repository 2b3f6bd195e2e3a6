"""Messages in English: titles and texts, composed of a message's fields as it is rendered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import msgspec

from watcher.model import Evidence, Message, RuleCount, Waited
from watcher.text.evidence import spelled
from watcher.text.incidents import incident_text, incident_title
from watcher.units import count_of, format_duration, plural


def worded(value: Any) -> Any:
    """A record, or a sequence of them, as programs are given it: evidence and messages within it
    have words, as earlier versions stored them, in place of operators and counts."""
    if isinstance(value, Evidence):
        return spelled(value)
    if isinstance(value, list | tuple):
        return type(value)(map(worded, value))
    if isinstance(value, Message):
        value = msgspec.structs.replace(value, title=title_of(value), text=text_of(value))
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(value, **_words_of(value, value.__struct_fields__))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **_words_of(value, [each.name for each in fields(value)]))
    return value


def _words_of(value: object, names: Iterable[str]) -> dict[str, Any]:
    return {name: worded(getattr(value, name)) for name in names}


def title_of(message: Message) -> str:
    """``[info] rising: 3 products (US)``; of an operator message its incident's."""
    if message.title:  # an earlier version composed it as it was written
        return message.title
    if message.incident is not None:
        return f"watcher: {'over: ' * message.over}{incident_title(message.incident)}"
    region = f" ({message.region})" if message.region else ""
    return f"[{message.severity}] {_about(message)}{region}"


def _about(message: Message) -> str:
    """The rules and products that it is about, or all that waited."""
    told = products_of(message.told, message.ended)
    if message.waited is not None:
        held = filter(None, (told, _some(len(message.waited.troubles), "trouble")))
        return f"what still holds: {', '.join(held) or 'nothing'}"
    rules = f"{len(message.parts)} rules" if message.parts else message.rule
    return f"{rules}: {told}"


def _some(number: int, noun: str) -> str:
    return count_of(number, noun) if number else ""


def text_of(message: Message) -> str:
    """The text above the products: what is not told of each of them."""
    if message.text or message.kind == "alerts":
        return message.text
    if message.incident is not None:
        return incident_text(message.incident, over=message.over)
    rules = map(_rule_line, message.parts)
    return "\n".join(rules if message.waited is None else _lines(message.waited, rules))


def _rule_line(part: RuleCount) -> str:
    line = f"{part.rule}: {products_of(part.told, part.ended)}"
    return f"{line} - {part.description}" if part.description else line


def products_of(told: int, ended: int) -> str:
    """``3 products``, ``2 ended``, or both."""
    count = f"{told} {plural(told, 'product')}" if told else ""
    return ", ".join(filter(None, (count, f"{ended} ended" if ended else "")))


def _lines(waited: Waited, rules: Iterable[str]) -> Iterator[str]:
    count, long = count_of(waited.messages, "message"), format_duration(waited.seconds)
    yield f"{count} waited for up to {long}. What still holds of them:"
    yield from rules
    if passed := _some(waited.passed, "alert"):
        yield f"{passed} began and ended meanwhile."
    for each in waited.troubles:  # an earlier version stored words
        yield f"watcher: {each if isinstance(each, str) else incident_text(each)}"
    for each in waited.over:
        yield f"watcher: over: {each if isinstance(each, str) else each.cause}"
    if others := _some(waited.others, "trouble"):
        yield f"{others} of the watcher came and went."
