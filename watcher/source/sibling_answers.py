"""Answers of endpoints whose form is not known: what is looked for in them is taken wherever it
stands, and anything else is nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

_DEEPEST = 12
_MOST = 50_000  # values that are looked at
_ID_KEYS = ("category_id", "categoryId", "cate_id", "cid", "id")
_NAME_KEYS = ("category_name", "categoryName", "cate_name", "name", "title")
_LEVEL_KEYS = ("level", "category_level", "categoryLevel")
_PARENT_KEYS = ("parent_id", "parentId", "parent_category_id", "pid")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class AnsweredCategory:
    """A category's id, the level at which it stands (from 1), its name, and the id of the one above
    it, as far as the answer says."""

    category_id: str
    level: int
    name: str
    parent: str = ""


def categories_of(data: object, level: int = 1, parent: str = "") -> list[AnsweredCategory]:
    """The categories in an answer, each once; ``level`` is that of the outermost, which stand below
    the ``parent``, whatever level the answer counts from."""
    found: dict[str, AnsweredCategory] = {}
    for each, around in _mappings(data):
        category_id, name = _id_in(each), _text_in(each, _NAME_KEYS)
        if category_id and name:
            own = max(_level_in(each) or level + len(around), level)
            above = around[-1] if around else _id_in(each, _PARENT_KEYS) or parent
            above = above if own > 1 and above not in ("0", category_id) else ""
            one = AnsweredCategory(category_id, own, name[:_LONGEST_NAME], above)
            found.setdefault(category_id, one)
    return [*found.values()]


def _nobodys(_address: str) -> bool:
    return False


def covers_of(
    data: object, asked: Sequence[str], owns: Callable[[str], bool] = _nobodys
) -> dict[str, str]:
    """The addresses that can be shown, by those that were asked for; of those that the API's own
    server has (``owns``) it need not say that they are encrypted."""
    texts = _plain_list(data)
    if texts is not None and len(texts) == len(asked):
        pairs: Iterator[tuple[str, str]] = zip(asked, texts, strict=True)
        return {mine: given for mine, given in pairs if _is_shown(given, mine, owns)}
    found: dict[str, str] = {}
    for each, _ in _mappings(data):
        found |= {
            mine: given
            for mine in asked
            if mine not in found and (given := _given_for(mine, each, owns)) is not None
        }
    return found


def _given_for(asked: str, each: Mapping[str, object], owns: Callable[[str], bool]) -> str | None:
    """The address beside the one that was asked for: under it as a key, or in a field next
    to it."""
    value = each.get(asked)
    if isinstance(value, str):
        return value if _is_shown(value, asked, owns) else None
    texts = [text for text in each.values() if isinstance(text, str)]
    if asked not in texts:
        return None
    return next((text for text in texts if _is_shown(text, asked, owns)), None)


def _is_shown(given: str, asked: str, owns: Callable[[str], bool]) -> bool:
    """Whether a browser may be given it: encrypted, and not the collector's bare address again."""
    encrypted = given.startswith("https://") or owns(given)
    if given == asked or not encrypted or not given.isprintable():
        return False
    try:
        url, bare = urlsplit(given), urlsplit(asked)
    except ValueError:
        return False
    return bool(url.hostname) and (url.hostname != bare.hostname or bool(url.query))


def _plain_list(data: object) -> list[str] | None:
    if isinstance(data, list) and data and all(isinstance(each, str) for each in data):
        return data
    if isinstance(data, dict):
        inner = [found for value in data.values() if (found := _plain_list(value)) is not None]
        return inner[0] if len(inner) == 1 else None
    return None


def _mappings(data: object) -> Iterator[tuple[Mapping[str, object], tuple[str, ...]]]:
    """All objects in a JSON value, the outer before the inner, with the ids of the objects around
    each that look like categories."""
    left = _MOST
    queue: list[tuple[object, int, tuple[str, ...]]] = [(data, 0, ())]
    while queue and left > 0:
        value, depth, around = queue.pop(0)
        left -= 1
        if depth > _DEEPEST:
            continue
        if isinstance(value, dict):
            yield value, around
            own = _id_in(value)
            inside = (*around, own) if own and _text_in(value, _NAME_KEYS) else around
            queue += [(inner, depth + 1, inside) for inner in value.values()]
        elif isinstance(value, list):
            queue += [(inner, depth + 1, around) for inner in value]


def _id_in(each: Mapping[str, object], keys: Sequence[str] = _ID_KEYS) -> str:
    for key in keys:
        value = each.get(key)
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if text.isascii() and text.isdigit() and len(text) <= 40:
            return text
    return ""


def _text_in(each: Mapping[str, object], keys: Sequence[str]) -> str:
    texts = (each.get(key) for key in keys)
    return next((" ".join(text.split()) for text in texts if isinstance(text, str) and text), "")


def _level_in(each: Mapping[str, object]) -> int:
    values = (each.get(key) for key in _LEVEL_KEYS)
    return next((value for value in values if isinstance(value, int) and 1 <= value <= 9), 0)


def first_cover(written: str | None) -> str:
    """The address of the first of the pictures that a product's ``cover_url`` names; empty where
    there is none."""
    pictures: object = None
    with suppress(msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        pictures = msgspec.json.decode(written or "null")
    found = (
        [each for each in pictures if isinstance(each, dict)] if isinstance(pictures, list) else []
    )
    found.sort(key=lambda each: str(each.get("index", "")).zfill(6))
    urls = (str(each.get("url", "")) for each in found)
    return next((url for url in urls if url.startswith("https://") and "," not in url), "")
