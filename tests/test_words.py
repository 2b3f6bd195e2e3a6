"""Words of messages."""

import pytest

from watcher.words import either, kind, nearest, quoted


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("regoin", ', did you mean "region"?'),
        ("Region", ', did you mean "region"?'),
        ("min-severity", ', did you mean "min_severity"?'),
        ("xyz", ""),
        ("r" * 200, ""),
    ],
)
def test_nearest(name: str, hint: str) -> None:
    """Capitals and dashes are no distance."""
    assert nearest(name, ["region", "min_severity"]) == hint


def test_quoted_is_one_short_line() -> None:
    """Whatever was written."""
    assert quoted("a\n\x1b[2Jb") == '"a �[2Jb"'
    assert len(quoted("x" * 500)) == 82
    assert quoted("x" * 80) == '"' + "x" * 80 + '"', "what fits is whole"


def test_kinds() -> None:
    """Of every value that YAML has."""
    values: list[object] = [None, True, 5, 1.5, "a", [], {}]
    said = [kind(value) for value in values]
    assert said == [
        "nothing",
        "true",
        "the number 5",
        "the number 1.5",
        'the text "a"',
        "a list",
        "a mapping",
    ]


def test_either() -> None:
    """A list for people."""
    assert [either(words) for words in (["a"], ["a", "b"], ["a", "b", "c"])] == [
        "a",
        "a or b",
        "a, b or c",
    ]
