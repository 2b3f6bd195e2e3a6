"""Messages in English: titles and texts, composed of a message's fields as it is rendered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from watcher.message import Message, RuleCount, Waited
from watcher.text.evidence import spelled
from watcher.text.incidents import incident_text, incident_title
from watcher.units import count_of, format_duration, plural


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
        troubles = _some(len(message.waited.troubles), "trouble")
        nothing = "" if message.told or troubles else "nothing"
        return f"what still holds: {', '.join(filter(None, (nothing, told, troubles)))}"
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


def worded(message: Message) -> Message:
    """A message with its words in it, as older versions stored it: for programs."""
    items = tuple(
        replace(item, why=tuple(map(spelled, item.why)), now=tuple(map(spelled, item.now)))
        for item in message.items
    )
    title, text = title_of(message), text_of(message)
    return replace(message, title=title, text=text, items=items, told=0, ended=0, parts=())


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
    for each in waited.went:
        yield f"watcher: came and went: {each if isinstance(each, str) else incident_title(each)}"
    if others := _some(waited.others, "trouble"):
        more = " more" if waited.went else ""
        yield f"{others}{more} of the watcher came and went."
