"""Messages in English: titles and texts, composed of a message's fields as it is rendered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from msgspec.structs import replace

from watcher.message import Also, Item, Message, RuleCount, Waited
from watcher.model import Severity
from watcher.subjects import BY
from watcher.text.evidence import spelled
from watcher.text.incidents import incident_text, incident_title
from watcher.text.reports import report_title
from watcher.text.sanitize import shorten
from watcher.units import count_of, format_duration, plural

_Word = TypeVar("_Word", Item, Also)


_LOCK_SCREEN = 60  # characters of a title that say which rules tell
_CALLED = 40  # of a rule's name in it
_MIXED = "*"
# What a rule speaks of, by what it is grouped by.
_SUBJECTS = {
    _MIXED: ("alert", "alerts"),
    "": ("product", "products"),
    **{name: (by.one, by.many) for name, by in BY.items()},
}


def title_of(message: Message) -> str:
    """``[info] rising: 3 products (US)``, of several rules ``3 breakout, 2 price-cut (US)``; of an
    operator message its incident's."""
    if message.title:  # an earlier version composed it as it was written
        return message.title
    if message.report is not None:
        return report_title(message.report)
    if message.incident is not None:
        return f"watcher: {'over: ' * message.over}{incident_title(message.incident)}"
    region = f" ({message.region})" if message.region else ""
    # A lock screen shows little: what is critical says so, else the rules' names say enough.
    severe = (
        message.severity is Severity.CRITICAL or not message.parts or message.waited is not None
    )
    return f"{f'[{message.severity}] ' * severe}{_about(message)}{region}"


def _about(message: Message) -> str:
    """The rules and products that it is about, or all that waited."""
    told = subjects_of(message.told, message.ended, _kind(message))
    if message.waited is not None:
        troubles = _some(len(message.waited.troubles), "trouble")
        nothing = "" if message.told or troubles else "nothing"
        return f"what still holds: {', '.join(filter(None, (nothing, told, troubles)))}"
    return _by_rule(message.parts) if message.parts else f"{message.label or message.rule}: {told}"


def _by_rule(parts: Sequence[RuleCount]) -> str:
    """``3 breakout, 2 price-cut, 1 breakout ended``; of many rules the first, and how many more.
    Rules of one label are one."""
    told, ended = Counter[str](), Counter[str]()
    for part in parts:
        called = shorten(part.called, _CALLED)
        told[called] += part.told
        ended[called] += part.ended
    words = [(each, f"{told[each]:,} {each}") for each in told if told[each]]
    words += [(each, f"{ended[each]:,} {each} ended") for each in ended if ended[each]]
    fitting = len(words)
    while fitting > 1 and len(", ".join(word for _, word in words[:fitting])) > _LOCK_SCREEN:
        fitting -= 1
    more = {each for each, _ in words} - {each for each, _ in words[:fitting]}
    said = ", ".join(word for _, word in words[:fitting])
    return f"{said} and {count_of(len(more), 'rule')} more" if more else said


def _some(number: int, noun: str) -> str:
    return count_of(number, noun) if number else ""


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
    return f"{part.called} ({part.severity})" if part.severity.rank else part.called


def rule_line(part: RuleCount) -> str:
    """``breakout: 3 products - Sales took off``."""
    line = f"{heading_of(part)}: {subjects_of(part.told, part.ended, part.grouped_by)}"
    return f"{line} - {part.description}" if part.description else line


def _kind(message: Message) -> str:
    """The thing that all it tells of is grouped by; ``_MIXED`` where they are of several kinds."""
    kinds = {part.grouped_by for part in message.parts if part.told or part.ended}
    kinds = kinds or {item.grouped_by for item in message.items} or {""}
    return kinds.pop() if len(kinds) == 1 else _MIXED


def subject_of(message: Message) -> tuple[str, str]:
    """The word for one, and for several, of what it tells of."""
    return _SUBJECTS[_kind(message)]


def subjects_of(told: int, ended: int, grouped_by: str = "") -> str:
    """``3 products``, ``2 ended``, or both; of groups ``3 sellers``."""
    count = f"{told} {plural(told, *_SUBJECTS[grouped_by])}" if told else ""
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
