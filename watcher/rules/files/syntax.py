"""YAML's syntax errors in the user's words, told by where they stand and what stands there.

The parser's own sentences are for its authors, and no two parsers have the same.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

# What the parser was at: a token, a token that began earlier (a key, a text), or the items of a
# mapping or list in lines ("block") or in brackets ("flow"), or neither ("top").
Parsing: TypeAlias = Literal["token", "long token", "block", "flow", "top"]


def explain(
    what: str, text: str, line: int, column: int, begin: int | None, parsing: Parsing = "token"
) -> str:
    """The meaning of an error at a place of ``text`` (counted from 0).

    ``begin`` is the line (from 1) of what the parser was reading, where it says so. ``what`` is
    what it says, for the errors that are not known here.
    """
    lines = text.splitlines()
    if not "\n".join(lines[line:])[column:].strip():
        where = f" (it begins in line {begin})" if begin is not None else ""
        return f"the file ends inside something: a quote, bracket or brace is not closed{where}"
    here, before = lines[line], "\n".join([*lines[:line], lines[line][:column]]).rstrip()
    indent = here[: len(here) - len(here.lstrip())]
    if "\t" in indent or here[column : column + 1] == "\t":
        return "a tab can't indent YAML: use spaces"
    if parsing in ("token", "long token"):
        hint = _of_token(here, column, begin if parsing == "long token" else 0)
    else:
        hint = _of_items(before[-1:], here[column : column + 1], parsing)
    return hint or f"this is no YAML: {what}"


def _of_token(line: str, column: int, begin: int | None) -> str:
    """``begin`` is the line in which a long token began, if not in this; 0 of a short one."""
    letter, before = line[column : column + 1], line[:column]
    if before.rstrip("= ").endswith((">", "|")):
        return 'a text that begins with > or | needs quotes; "more than 5" is {above: 5}'
    if letter and letter in "%@`>|":
        return f"a text can't begin with {letter}: put it in quotes"
    if begin:
        return 'a ":" is missing: write "name: value", and put a text over several lines in quotes'
    if letter != ":":
        return ""
    if begin is None:
        return 'after a ":" comes a space and then a value'
    return (
        'a ":" is not possible here: is the line indented as the one above, '
        "or does a text with a colon need quotes?"
    )


def _of_items(before: str, letter: str, parsing: Parsing) -> str:
    if parsing == "flow":
        if before in "[{,:":
            return "a value is missing here"
        return "a comma, or the closing bracket or brace, is missing before this"
    if letter in ",]}" and (not before or (before in ":-" and parsing == "block")):
        return "a value is missing here"
    if parsing == "block":
        return "this does not fit what stands before it: check the indentation and the quotes"
    return ""
