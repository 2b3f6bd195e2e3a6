"""Whether a service took a message, by its own word: the verdict inside an HTTP answer.

Many services answer HTTP 200 whatever became of a message, and say in the body that they refused
it; Apprise's plugins mostly read the status alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from typing import Any

from watcher.delivery.services import EMPTY, FILLED, ServiceProfile

LONGEST_BODY = 65_536  # bytes of an answer that are read
LONGEST_WORDS = 300

# Where services, and the frameworks that they are written with, put their reason.
_USUAL_WORDS = tuple(
    "description message error.message error_description errmsg msg detail error.description"
    " errors[].message errors[].detail error errors[] reason title".split()
)
# A refusal that says so passes, whatever its code.
_PASSES = re.compile(
    r"rate.?limit|too many|too fast|too frequent|throttl|frequency|temporar(?:y|ily)"
    r"|try again|later|system busy|internal(?: server)? error|service unavailable|timed? ?out"
    r"|频繁|频率|繁忙|限流|稍后|超时|太快",
    re.IGNORECASE,
)
_ELEMENT = re.compile(r"<(\w+)((?:\s+[\w:]+=\"[^\"]*\")*)\s*>([^<]*)</\1>")
_EMPTY_ELEMENT = re.compile(r"<(\w+)((?:\s+[\w:]+=\"[^\"]*\")+)\s*()/>")
_ATTRIBUTE = re.compile(r"([\w:]+)=\"([^\"]*)\"")


class Word(Enum):
    """An answer's verdict on the message; ``NONE`` leaves it to the HTTP status."""

    TAKEN = "taken"
    PASSING = "passing"
    REFUSED = "refused"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Said:
    """One answer's verdict, and its reason for people (not yet masked)."""

    word: Word
    reason: str = ""


def read(service: ServiceProfile, status: int, content: bytes) -> Said:
    """The verdict of an answer; where the status says all, or it is 300 and above, its reason. A
    refusal by status may still be called passing: the service's code says more."""
    document = document_of(content)
    reason = _words(document, service.words)[:LONGEST_WORDS]
    if not service.fields:
        return Said(Word.NONE, reason)
    if 200 <= status < 300:
        return _verdict(document, service, reason)
    word = Word.PASSING if _has_passing_code(document, service) else Word.NONE
    # Of a Telegram group that became a supergroup.
    for new in found(document, "parameters.migrate_to_chat_id"):
        reason += f"; the chat has a new id, write it into the URL: {_plain(new)}"
    return Said(word, reason)


def _verdict(document: object, service: ServiceProfile, reason: str) -> Said:
    """The verdict inside a success, by the first of the service's fields that is there."""
    path = next((path for path in service.fields if found(document, path)), None)
    if path is None:
        return _without_verdict(service)
    refused = [value for value in found(document, path) if not _is_taken(value, service)]
    if not refused:
        return Said(Word.TAKEN)
    passing = _has_passing_code(document, service) or _PASSES.search(reason)
    return Said(Word.PASSING if passing else Word.REFUSED, _labelled(path, refused[0], reason))


def _without_verdict(service: ServiceProfile) -> Said:
    if service.always:
        return Said(Word.PASSING, "the answer is not the service's: it has no verdict")
    return Said(Word.NONE)


def _has_passing_code(document: object, service: ServiceProfile) -> bool:
    codes = chain(*(found(document, path) for path in (*service.fields, *service.words)))
    return any(_plain(code) in service.passing for code in codes)


def _is_taken(value: object, service: ServiceProfile) -> bool:
    if service.refused:
        return _plain(value) not in service.refused
    is_empty = not value and value is not False  # false is a word
    return not {_plain(value), EMPTY if is_empty else FILLED}.isdisjoint(service.taken)


def _labelled(path: str, value: object, reason: str) -> str:
    """``errcode 310000: keywords not in content``; a container or a bare flag is no code."""
    name, code = path.rpartition(".")[2].replace("[]", ""), _plain(value)
    if not _is_code(value) or code in ("", reason) or name == "text":
        return reason
    return ": ".join(filter(None, (f"{name} {code}"[:60], reason)))


def _words(document: object, paths: tuple[str, ...]) -> str:
    for path in (*paths, *_USUAL_WORDS):
        texts = chain.from_iterable(map(_texts, found(document, path)))
        if told := "; ".join(dict.fromkeys(texts)):
            return " ".join(told.split())
    return ""


def _texts(value: object) -> Iterator[str]:
    """The texts of a value, a few: of a list, too."""
    if _is_code(value):
        yield from filter(None, [str(value).strip()])
    elif isinstance(value, list):
        for each in value[:5]:
            yield from _texts(each)


def _is_code(value: object) -> bool:
    """Whether a value can be a code or a text: a flag, a container and a fraction can't."""
    return isinstance(value, int | str) and not isinstance(value, bool)


def _plain(value: object) -> str:
    """A value as the profiles write it: ``0``, ``true``, ``success``."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().lower() if isinstance(value, str | int | float) else ""


def found(document: object, path: str) -> list[Any]:
    """The values at a path; ``[]`` after a name goes through a list. None of what is missing."""
    values: list[Any] = [document]
    for step in path.split("."):
        name = step.removesuffix("[]")
        if name:
            values = [each[name] for each in values if isinstance(each, dict) and name in each]
        if step != name:
            values = _elements(values)
    return values


def _elements(values: list[Any]) -> list[Any]:
    return list(chain.from_iterable(each for each in values if isinstance(each, list)))


def document_of(content: bytes) -> object:
    """An answer's body, read; empty of one that is too long."""
    if len(content) > LONGEST_BODY:
        return {}
    text = content.decode("utf-8", "replace").strip()
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError):
        return _of_xml(text) if text.startswith("<") else _of_text(text)
    return document if isinstance(document, dict | list) else _of_text(str(document))


def _of_text(text: str) -> dict[str, object]:
    """``head`` is what stands before the first ``|``: gateways answer ``ERROR|102``."""
    return {"text": text, "head": text.partition("|")[0]} if text else {}


def _of_xml(text: str) -> dict[str, object]:
    """The elements that hold no others, by name. Not parsed: XML can be made to explode."""
    read: dict[str, object] = {}
    elements = chain(_ELEMENT.findall(text), _EMPTY_ELEMENT.findall(text))
    for tag, attributes, inside in elements:
        read.setdefault(tag, {**dict(_ATTRIBUTE.findall(attributes)), "text": inside.strip()})
    return read
