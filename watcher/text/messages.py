"""Messages in English: titles and texts, composed of a message's fields as it is rendered."""

from __future__ import annotations

from watcher.model import Message, Waited
from watcher.text.incidents import incident_text, incident_title
from watcher.units import count_of, format_duration, plural


def title_of(message: Message) -> str:
    """``[info] rising: 3 products (US)``; of an operator message its incident's."""
    if message.title:  # an earlier version composed it as it was written
        return message.title
    if message.incident is not None:
        return f"watcher: {'over: ' * message.over}{incident_title(message.incident)}"
    parts, waited = message.parts, message.waited
    about = products_of(message.told, message.ended)
    if waited is not None:
        troubles = count_of(len(waited.troubles), "trouble") if waited.troubles else ""
        told = ", ".join(filter(None, (about, troubles))) or "nothing"
        about = f"what still holds: {told}"
    else:
        about = f"{f'{len(parts)} rules' if parts else message.rule}: {about}"
    region = f" ({message.region})" if message.region else ""
    return f"[{message.severity}] {about}{region}"


def text_of(message: Message) -> str:
    """The text above the products: what is not told of each of them."""
    if message.text or message.kind == "alerts":
        return message.text
    if message.incident is not None:
        return incident_text(message.incident, over=message.over)
    lines = [
        f"{part.rule}: {products_of(part.told, part.ended)}"
        + (f" - {part.description}" if part.description else "")
        for part in message.parts
    ]
    waited = message.waited
    return "\n".join(_lines(waited, lines) if waited is not None else lines)


def products_of(told: int, ended: int) -> str:
    """``3 products``, ``2 ended``, or both."""
    count = f"{told} {plural(told, 'product')}" if told else ""
    return ", ".join(filter(None, (count, f"{ended} ended" if ended else "")))


def _lines(waited: Waited, rules: list[str]) -> list[str]:
    count, passed, others = waited.messages, waited.passed, waited.others
    long = format_duration(waited.seconds)
    return [
        f"{count_of(count, 'message')} waited for up to {long}. What still holds of them:",
        *rules,
        *([f"{count_of(passed, 'alert')} began and ended meanwhile."] if passed else []),
        # An earlier version stored words.
        *(
            f"watcher: {each if isinstance(each, str) else incident_text(each)}"
            for each in waited.troubles
        ),
        *(
            f"watcher: over: {each if isinstance(each, str) else each.cause}"
            for each in waited.over
        ),
        *([f"{count_of(others, 'trouble')} of the watcher came and went."] if others else []),
    ]
