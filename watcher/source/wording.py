"""Values from outside in words, safe to put into a message: short, on one line, printable."""

from __future__ import annotations


def plain(value: object, limit: int = 200) -> str:
    """The value as text without control characters, cut to ``limit``; empty of None."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    text = "".join(letter if letter.isprintable() else " " for letter in text[: 2 * limit])
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def kind(value: object) -> str:
    """What a JSON value is: ``a list``, ``the text "abc"``, ``the number 5``, ``null``."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict():
            return "an object"
        case list():
            return "a list"
        case str():
            return f'the text "{plain(value, 40)}"'
        case _:
            return f"the number {plain(value, 40)}"


def excerpt(body: bytes) -> str:
    """How a body begins that can't be read."""
    text = body[:400].decode("utf-8-sig", "replace").strip()
    if text.startswith("<"):
        return "an HTML page"
    return f'"{plain(text, 80)}"' if text else "it is empty"
