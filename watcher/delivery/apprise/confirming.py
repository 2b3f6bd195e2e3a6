"""Whether a service took a message, by its own word: the verdict inside an HTTP answer.

Many services answer HTTP 200 whatever became of a message, and say in the body that they refused
it; Apprise's plugins mostly read the status alone. ``confirmations`` has a row for each service
that says so; ``read`` applies a row to an answer. A body is read up to 64 kB, and only what people
are told of it leaves this module: its words, and the code that they stand beside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

LONGEST_BODY = 65_536  # bytes of an answer that are read
LONGEST_WORDS = 300

EMPTY = "(nothing)"
"""Of ``taken``: the field is missing, null, empty or 0: an error that is none."""
FILLED = "(anything)"
"""Of ``taken``: the field has a value."""

# Where services, and the frameworks that they are written with, put their reason.
_USUAL_WORDS = (
    "description", "message", "error.message", "error_description", "errmsg", "msg", "detail",
    "error.description", "errors[].message", "errors[].detail", "error", "errors[]", "reason",
    "title",
)  # fmt: skip
# A refusal that says so passes, whatever its code.
_PASSES = re.compile(
    r"rate.?limit|too many|too fast|too frequent|throttl|frequency|temporar(?:y|ily)"
    r"|try again|later|system busy|internal(?: server)? error|service unavailable|timed? ?out"
    r"|频繁|频率|繁忙|限流|稍后|超时|太快",
    re.IGNORECASE,
)
_ELEMENT = re.compile(r"<(\w+)((?:\s+[\w:]+=\"[^\"]*\")*)\s*>([^<]*)</\1>")
_EMPTY_ELEMENT = re.compile(r"<(\w+)((?:\s+[\w:]+=\"[^\"]*\")+)\s*/>")
_ATTRIBUTE = re.compile(r"([\w:]+)=\"([^\"]*)\"")


class Word(Enum):
    """What an answer says of the message; ``NONE`` leaves it to the HTTP status."""

    TAKEN = "taken"
    PASSING = "passing"
    REFUSED = "refused"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Said:
    """One answer's verdict, and its reason for people (not yet masked)."""

    word: Word
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Confirms:
    """How one service confirms a message: a row of the table.

    ``fields`` are paths into the answer (``messages[].status``); the first that is there decides.
    Its values in ``taken`` mean that the message was taken, any other that it was refused:
    for now where it, or a value at ``words``, is in ``passing``; for good otherwise. Of a service
    with many words for what it took, ``refused`` has those for what it did not, instead. With
    ``always`` the service never answers without the field: an answer that lacks it is not the
    service's (a proxy's page). ``checked`` is a service whose answer Apprise's plugin reads itself.
    An answer in plain text is ``{"text": ...}``, XML is ``{tag: {attribute, "text"}}``.
    """

    service: str
    fields: tuple[str, ...]
    taken: tuple[str, ...]
    passing: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    always: bool = False
    checked: bool = False


class AnswerReader:
    """Reads the answers of one target: by its service's ``row``, its reasons through ``hide``.

    ``decides`` is False where Apprise's plugin reads the body itself, and nothing is to be added.
    """

    def __init__(
        self, row: Confirms | None = None, hide: Callable[[str], str] = lambda text: text
    ) -> None:
        self._row = row
        self._hide = hide
        self.decides = row is not None and not row.checked

    def __call__(self, status: int, content: bytes) -> Said:
        said = read(self._row, status, content)
        return Said(said.word, self._hide(said.reason))


def read(row: Confirms | None, status: int, content: bytes) -> Said:
    """What an answer says; of a service without a row, or an answer of 300 and above, its reason.

    A refusal by status may still be called passing by the row: its code says more.
    """
    document = _document(content)
    found = _words(document, row)
    reason = found[:LONGEST_WORDS]
    if row is None:
        return Said(Word.NONE, reason)
    passing = any(value in row.passing for value in _codes(document, row))
    if not 200 <= status < 300:
        return Said(Word.PASSING if passing else Word.NONE, _moved(document, reason))
    values = next((each for each in (_found(document, path) for path in row.fields) if each), None)
    if values is None:
        return _without_verdict(row)
    refused = [value for value in values if not _is_taken(value, row)]
    if not refused:
        return Said(Word.TAKEN)
    told = _labelled(row, document, refused[0], reason)
    for_now = passing or _PASSES.search(reason) is not None
    return Said(Word.PASSING if for_now else Word.REFUSED, told)


def _without_verdict(row: Confirms) -> Said:
    if row.always:
        return Said(Word.PASSING, "the answer is not the service's: it has no verdict")
    return Said(Word.NONE)


def _is_taken(value: object, row: Confirms) -> bool:
    taken = row.taken
    if row.refused:
        return _plain(value) not in row.refused
    if (EMPTY in taken and _is_empty(value)) or (FILLED in taken and not _is_empty(value)):
        return True
    return _plain(value) in taken


def _is_empty(value: object) -> bool:
    """Whether it holds nothing; that it is false is a word."""
    return value is None or (not value and not isinstance(value, bool))


def _labelled(row: Confirms, document: object, value: object, reason: str) -> str:
    """``errcode 310000: keywords not in content``; a container or a bare flag is no code."""
    path = next(path for path in row.fields if _found(document, path))
    name, code = path.rpartition(".")[2].replace("[]", ""), _plain(value)
    is_code = isinstance(value, int | str) and not isinstance(value, bool) and code != reason
    label = f"{name} {code}"[:60] if is_code and code and name != "text" else ""
    return ": ".join(part for part in (label, reason) if part)


def _moved(document: object, reason: str) -> str:
    """The reason; of a Telegram group that became a supergroup, with its new id."""
    for new in _found(document, "parameters.migrate_to_chat_id"):
        return f"{reason}; the chat has a new id, write it into the URL: {_plain(new)}"
    return reason


def _codes(document: object, row: Confirms) -> Iterator[str]:
    for path in (*row.fields, *row.words):
        for value in _found(document, path):
            yield _plain(value)


def _words(document: object, row: Confirms | None) -> str:
    for path in (*(row.words if row is not None else ()), *_USUAL_WORDS):
        texts = [text for value in _found(document, path) for text in _texts(value)]
        if texts:
            return " ".join("; ".join(dict.fromkeys(texts)).split())
    return ""


def _texts(value: object) -> Iterator[str]:
    """The texts of a value, a few: of a list, too."""
    if isinstance(value, str) and value.strip():
        yield value.strip()
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, list):
        for each in value[:5]:
            yield from _texts(each)


def _plain(value: object) -> str:
    """A value as the table writes it: ``0``, ``true``, ``success``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip().lower() if isinstance(value, str | int | float) else ""


def _found(document: object, path: str) -> list[Any]:
    """The values at a path; ``[]`` after a name goes through a list. None of what is missing."""
    found: list[Any] = [document]
    for step in path.split("."):
        name, through = step.removesuffix("[]"), step.endswith("[]")
        found = [each[name] for each in found if isinstance(each, dict) and name in each] if name \
            else found  # fmt: skip
        if through:
            found = [each for many in found if isinstance(many, list) for each in many]
    return found


def _document(content: bytes) -> object:
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
    found: dict[str, object] = {}
    empty = ((tag, attributes, "") for tag, attributes in _EMPTY_ELEMENT.findall(text))
    for tag, attributes, inside in _together(_ELEMENT.findall(text), empty):
        found.setdefault(tag, {**dict(_ATTRIBUTE.findall(attributes)), "text": inside.strip()})
    return found


def _together(*many: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    for each in many:
        yield from each
