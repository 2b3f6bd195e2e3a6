"""Texts from outside made fit for a terminal: nothing in them moves its cursor or its colours."""

from __future__ import annotations


def plain(text: str) -> str:
    """On one line, without control characters and what turns the reading direction."""
    return "".join(each if each.isprintable() else " " for each in text)


def plain_lines(text: str) -> str:
    """The same of a text of several lines, which stay."""
    if text.isprintable():
        return text
    return "\n".join(plain(line) for line in text.split("\n"))
