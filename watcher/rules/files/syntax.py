"""YAML's syntax errors in the user's words; the parser's own are for its authors."""

from __future__ import annotations


def explain(what: str, text: str, line: int, column: int, begin: int | None) -> str:
    """What the parser's ``what`` means at a place of ``text`` (counted from 0).

    ``begin`` is the line (from 1) of what the parser was reading, where it says so.
    """
    lines = text.splitlines()
    if not "\n".join(lines[line:])[column:].strip():
        where = f" (it begins in line {begin})" if begin is not None else ""
        return f"the file ends inside something: a quote, bracket or brace is not closed{where}"
    return _hint(what, lines[line], column)


def _hint(what: str, line: str, column: int) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent or line[column : column + 1] == "\t":
        return "a tab can't indent YAML: use spaces"
    if "mapping values are not allowed" in what:
        return (
            'a ":" is not possible here: is the line indented as the one above, '
            "or does a text with a colon need quotes?"
        )
    if "expected comment or line break" in what and line[:column].rstrip("= ").endswith((">", "|")):
        return 'a text that begins with > or | needs quotes; "more than 5" is {above: 5}'
    if "unexpected ':'" in what:
        return 'after a ":" comes a space and then a value'
    if "cannot start any token" in what:
        letter = line[column : column + 1]
        return f"a text can't begin with {letter}: put it in quotes"
    if any(told in what for told in ("expected key", "expected <block end>", "expected '-'")):
        return "this does not fit what stands before it: check the indentation and the quotes"
    if "could not find expected ':'" in what:
        return 'a ":" is missing: write "name: value", and put a text over several lines in quotes'
    if "did not find expected ',' or" in what:
        return "a comma, or the closing bracket or brace, is missing before this"
    if "did not find expected node content" in what:
        return "a value is missing here"
    return f"this is no YAML: {what}"
