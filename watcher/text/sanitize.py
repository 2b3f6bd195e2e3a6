"""Texts from outside, made harmless: they may be anything that a seller typed.

Nothing of them may call people (``@everyone``, ``<!channel>``), link, format, turn the reading
direction of what follows, or hide. Every text of a message goes through ``neutralise``; what a
format needs on top (HTML entities, Markdown) is its template's.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

NAME_LENGTH = 100
TEXT_LENGTH = 2_000

_NOTHING = "\u200b"  # a space of no width, between characters that must not meet
_JOINERS = "\u200c\u200d"  # Persian words and emoji families are written with them
_IN_PLACE = {"Cc": " ", "Zl": " ", "Zp": " ", "Cs": "\ufffd", "Cf": "", "Co": ""}
_MOST_MARKS = 4  # Thai stacks three; a "zalgo" name stacks dozens

_MEETING = re.compile(
    r"@(?=[\w&!])|<(?=[!@#/?:a-zA-Z])|\](?=\()|(?<=\w):(?=//)|:(?=[\w+-]*[a-zA-Z][\w+-]*:)"
)
_SPACES = re.compile(r"\s+")
_LINKING = re.compile(r"(?<!\S)[#/$](?=[^\W\d_])")
_DOMAIN = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2})")
_LOOKALIKES = str.maketrans(
    {"*": "∗", "_": "＿", "~": "∼", "`": "ˋ", "|": "∣", "\\": "＼"}  # noqa: RUF001
)
# Of no width: within a word or an address a space in their place would part it.
_WIDTHLESS = str.maketrans("", "", "\u200b\u200c\u200d\u2060\ufeff")
_PAIR = re.compile(r"\[([^\[\]]*)\]|([\[\]])")
_WIDE = {"[": "［", "]": "］", "#": "＃", ">": "＞"}  # noqa: RUF001
_ENTITIES = re.compile(r"[<>]")
_TAGS = str.maketrans({"<": "＜", ">": "＞", "[": "［", "]": "］"})  # noqa: RUF001
_ENTITY = re.compile(r"&(?=[#\w])")
_BLOCK_START = re.compile(
    r"^(?=[ \t]*(?:[-+](?:\s|$)|\d{1,9}[.)](?:\s|$)|(?:-[ -]*|=+)$))", re.MULTILINE
)
_LINE_START = re.compile(r"^[#>]", re.MULTILINE)


def neutralise(text: object, longest: int = NAME_LENGTH) -> str:
    """One harmless line of at most ``longest`` characters (not counting those of no width)."""
    if not isinstance(text, str):
        return ""
    # Labels, conditions, currencies and ids of one message are those of the next.
    return _known(text, longest) if len(text) <= NAME_LENGTH else _harmless(text, longest)


def _harmless(text: str, longest: int) -> str:
    # Bounded first: a megabyte of a name should not cost a megabyte of work.
    visible = _SPACES.sub(" ", _visible(text[: longest * 4 + 100])).strip()
    return _MEETING.sub(lambda match: match[0] + _NOTHING, shorten(visible, longest))


_known = lru_cache(maxsize=2_048)(_harmless)


def neutralise_lines(text: str, longest: int = TEXT_LENGTH) -> str:
    """A harmless text of several lines, which stay."""
    lines = (neutralise(line, longest) for line in text[: longest * 4].splitlines())
    return "\n".join(lines).strip()


def unmarked_link(address: str) -> str:
    """A link in which nothing works as markup, wherever it is put."""
    return address.replace("_", "%5F").replace("~", "%7E")


def shorten(text: str, longest: int) -> str:
    """Cut to ``longest`` characters with an ellipsis, never leaving half of a composed one."""
    if len(text) <= longest:
        return text
    end = max(longest - 1, 0)
    while end and (unicodedata.combining(text[end]) or text[end] in _JOINERS):
        end -= 1
    return text[:end].rstrip(" " + _JOINERS) + "…"


def neutralise_name(text: object, longest: int = NAME_LENGTH) -> str:
    """A harmless line of what a seller typed: what Telegram and mail programs take for a domain
    (``shop.example``), a hashtag or a command does not become a link either."""
    harmless = _DOMAIN.sub("." + _NOTHING, neutralise(text, longest))
    return _LINKING.sub(lambda match: match[0] + _NOTHING, harmless)


def escape_markdown(text: str) -> str:
    """For a service's own Markdown, without backslashes, which some would show. Marks become their
    look-alikes; brackets stay in pairs, which a link's text may have, and those without their other
    become wide ones."""
    paired = _PAIR.sub(lambda match: match[0] if match[2] is None else _WIDE[match[2]], text)
    return _LINE_START.sub(lambda match: _WIDE[match[0]], paired.translate(_LOOKALIKES))


def escape_tagged(text: str) -> str:
    """For Markdown that has tags and entities beside it, as that of China's messengers (``<at>``,
    ``<font>``, ``<@user>``). Which of them a service reads is nowhere written in full: none is
    left, nor what begins a list or underlines a heading."""
    tagged = _ENTITY.sub("&" + _NOTHING, escape_markdown(text).translate(_TAGS))
    return _BLOCK_START.sub(_NOTHING, tagged)


def escape_slack(text: str) -> str:
    """For Markdown that Apprise translates into Slack's: what it is to make entities of takes a
    backslash, which it drops."""
    return _ENTITIES.sub(r"\\\g<0>", escape_markdown(text))


def plain(text: str) -> str:
    """A text for a terminal, on one line: nothing moves its cursor, its colours or the reading
    direction."""
    shown = text if text.isascii() else text.translate(_WIDTHLESS)
    if shown.isprintable():  # as almost all are
        return shown
    return "".join(each if each.isprintable() else " " for each in shown)


def plain_lines(text: str) -> str:
    """A text for a terminal, of lines that stay."""
    return "\n".join(map(plain, text.split("\n")))


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category == "Mn" else 0
        if character in _JOINERS:
            kept.append(character)
        elif marks <= _MOST_MARKS:
            kept.append(_IN_PLACE.get(category, character))
    return "".join(kept)
