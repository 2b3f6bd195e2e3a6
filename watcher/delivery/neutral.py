"""Texts from outside, made harmless: they may be anything that a seller typed.

Nothing of them may call people (``@everyone``, ``<!channel>``), link, format, turn the reading
direction of what follows, or hide. Every text of a message goes through ``neutralise``; what a
format needs on top (HTML entities, Markdown) is its template's.
"""

from __future__ import annotations

import re
import unicodedata

NAME_LENGTH = 100
TEXT_LENGTH = 2_000

_NOTHING = "\u200b"  # a space of no width, between characters that must not meet
_JOINERS = "\u200c\u200d"  # Persian words and emoji families are written with them
_MOST_MARKS = 4  # Thai stacks three; a "zalgo" name stacks dozens

_MEETING = re.compile(r"@(?=[\w&!])|<(?=[!@#/?:a-zA-Z])|\](?=\()|(?<=\w):(?=//)")
_SPACES = re.compile(r"\s+")
_MARKDOWN = re.compile(r"[\[\]<>#]")
_LOOKALIKES = str.maketrans(
    {"*": "∗", "_": "＿", "~": "∼", "`": "ˋ", "|": "∣", "\\": "＼"}  # noqa: RUF001
)


def neutralise(text: object, longest: int = NAME_LENGTH) -> str:
    """One harmless line of at most ``longest`` characters (not counting those of no width)."""
    if not isinstance(text, str):
        return ""
    # Bounded first: a megabyte of a name should not cost a megabyte of work.
    visible = _SPACES.sub(" ", _visible(text[: longest * 4 + 100])).strip()
    return _MEETING.sub(lambda match: match[0] + _NOTHING, shorten(visible, longest))


def neutralise_lines(text: str, longest: int = TEXT_LENGTH) -> str:
    """The same for a text of several lines, which stay."""
    lines = (neutralise(line, longest) for line in text[: longest * 4].splitlines())
    return "\n".join(lines).strip()


def shorten(text: str, longest: int) -> str:
    """Cut to ``longest`` characters with an ellipsis, never leaving half of a composed one."""
    if len(text) <= longest:
        return text
    end = max(longest - 1, 0)
    while end and (unicodedata.combining(text[end]) or text[end] in _JOINERS):
        end -= 1
    return text[:end].rstrip(" " + _JOINERS) + "…"


def escape_markdown(text: str) -> str:
    """For CommonMark that Apprise hands on to Discord, Slack and others.

    Slack has no escape for its marks of emphasis, so these become their look-alikes; brackets
    take a backslash, which Apprise translates for each service.
    """
    return _MARKDOWN.sub(r"\\\g<0>", text.translate(_LOOKALIKES))


def _visible(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category == "Mn" else 0
        if category in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif category == "Cs":
            kept.append("\ufffd")
        elif category in ("Cf", "Co") and character not in _JOINERS:
            continue
        elif marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)
