"""The parser's complaints in the user's words."""

import pytest

from watcher.rules.files.document import explain


@pytest.mark.parametrize(
    ("what", "text", "column", "words"),
    [
        ("found character that cannot start any token", "\ta: 1", 0, "a tab can't indent YAML"),
        ("found character that cannot start any token", "a: `b", 3, "can't begin with `"),
        ("mapping values are not allowed here", "a: b: c", 4, 'a ":" is not possible here'),
        ("something new", "a: 1", 0, "this is no YAML: something new"),
        ("did not find expected ',' or ']'", "a: [1   ", 6, "it begins in line 1"),
    ],
)
def test_explains(what: str, text: str, column: int, words: str) -> None:
    """What it says, where it stands, and what stands there."""
    assert words in explain(what, text, 0, column, 1)


def test_past_the_end() -> None:
    """A place after the last line is the end."""
    assert "the file ends inside something" in explain("x", "a: [", 1, 0, None)
