"""The text of a file that people made with a spreadsheet or an editor, however they saved it."""

from __future__ import annotations

import codecs
import unicodedata

from watcher.words import Wrong

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What a file of another kind begins with, and what it is.
_OTHER_KINDS = (
    (b"PK\x03\x04", "an Excel workbook or a zip file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a compressed file"),
    (b"SQLite format 3", "a database"),
    (b"\x89PNG", "a picture"),
)
_SAMPLE = 4_000  # characters that say which language it is


def text_of(content: bytes) -> tuple[str, str]:
    """The text, and what it was taken for where that is a guess ("" where it is none). ``Wrong``
    says what else it is."""
    for begin, what in _OTHER_KINDS:
        if content.startswith(begin):
            raise Wrong(f'is {what}, and no text: save it as "CSV UTF-8"')
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _decoded(content.removeprefix(mark), encoding), ""
    if encoding := _without_mark(content):
        return _decoded(content, encoding), ""
    try:
        return _refuse_binary(content.decode()), ""
    except UnicodeDecodeError:
        return _guessed(content)


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return _refuse_binary(content.decode(encoding))
    except UnicodeDecodeError:
        raise Wrong('is damaged, or no text: save it as "CSV UTF-8"') from None


def _without_mark(content: bytes) -> str:
    """UTF-16 whose mark is missing: every other byte of digits and commas is 0."""
    sample = content[:200]
    if len(sample) < 4 or b"\0" not in sample:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 4
    if odd > half and not even:
        return "utf-16-le"
    return "utf-16-be" if even > half and not odd else ""


def _refuse_binary(text: str) -> str:
    if "\0" in text:
        raise Wrong('is no text: save it as "CSV UTF-8"')
    return text


def _guessed(content: bytes) -> tuple[str, str]:
    """Chinese as Windows saves it, where it reads as such; else Western European."""
    for encoding, name in (("gb18030", "GBK"), ("cp1252", "Windows-1252")):
        try:
            text = _refuse_binary(content.decode(encoding))
        except UnicodeDecodeError:
            continue
        if encoding != "gb18030" or _is_chinese(text):
            return text, name
    raise Wrong('is saved in an encoding that is not known: save it as "CSV UTF-8"')


def _is_chinese(text: str) -> bool:
    beyond = [letter for letter in text if letter > "\x7f"][:_SAMPLE]
    wide = sum(unicodedata.east_asian_width(letter) in "WFA" for letter in beyond)
    return wide >= 0.9 * len(beyond)
