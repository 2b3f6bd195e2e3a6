"""The language of a channel."""

from __future__ import annotations

import pytest

from tests.rules.tables import problems_of
from watcher.daemon.connections import ways_of
from watcher.language import Language
from watcher.rules.files.loading import load_text

_RULES = """
defaults: {language: %s}
channels:
  own: {url: "json://x", language: %s}
  others: {url: "json://x"}
rules:
  - name: r
    watch: {region: US, sort: total_sale_7d_cnt desc}
    when: {review_count: 1}
    notify: [own, others]
"""


@pytest.mark.parametrize(
    ("default", "own", "expected"),
    [("zh", "en", ("en", "zh")), ("en", "ZH", ("zh", "en")), ("zh", "zh", ("zh", "zh"))],
)
def test_a_channels_own_wins(default: str, own: str, expected: tuple[str, str]) -> None:
    """And reaches the courier."""
    book = load_text(_RULES % (default, own))
    assert tuple(each.language.value for each in book.channels.values()) == expected
    assert tuple(each.language.value for each in ways_of(book).values()) == expected


def test_english_where_none_is_written() -> None:
    """As it was before there were others."""
    text = _RULES.replace("defaults: {language: %s}\n", "").replace(", language: %s", "")
    book = load_text(text)
    assert {each.language for each in book.channels.values()} == {Language.ENGLISH}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("zh-CN", '"zh-CN" is no language that is spoken here, did you mean "zh"?'),
        ("chinese", '"chinese" is no language that is spoken here, did you mean "zh"?'),
        ("中文", '"中文" is no language that is spoken here, did you mean "zh"?'),
        ("cn", '"cn" is no language that is spoken here, did you mean "zh"?'),
        ("en_US", '"en_US" is no language that is spoken here, did you mean "en"?'),
        ("english", '"english" is no language that is spoken here, did you mean "en"?'),
        ("klingon", '"klingon" is no language that is spoken here: it is en or zh'),
    ],
)
def test_a_language_that_nobody_speaks(written: str, said: str) -> None:
    """Names the nearest, in a channel and in the defaults, each at its place."""
    for text in (_RULES % ("en", written), _RULES % (written, "en")):
        (problem,) = problems_of(text)
        assert said in problem
        line = 2 if written in text.splitlines()[1] else 4
        assert f":{line}:" in problem, problem
