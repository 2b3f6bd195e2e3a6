"""The words that people try in place of ours."""

import pytest

from tests.rules.tables import complaints
from watcher.rules.conditions.other_words import (
    _BY_OPERATOR,
    OF_RULE,
    OTHER_WORDS,
    answer,
    opposite,
    times,
)
from watcher.rules.conditions.registry import (
    NUMBER_BY_NAME,
    NUMBER_OPERATORS,
    OPTIONS,
    TEXT_BY_NAME,
)

EVERY = (*NUMBER_BY_NAME, *OPTIONS)


def test_each_word_has_one_answer() -> None:
    """No word stands in two rows, and none is one of ours."""
    words = [word for row in _BY_OPERATOR.values() for word in row.split()]
    assert len(words) == len(set(words)) == len(OTHER_WORDS)
    assert not set(words) & {*NUMBER_BY_NAME, *TEXT_BY_NAME, "from"}


def test_words_of_other_languages() -> None:
    """Each is answered with our word, also in capitals, with spaces or with dashes."""
    known = {**NUMBER_BY_NAME, **OPTIONS, **TEXT_BY_NAME}
    for word, ours in OTHER_WORDS.items():
        for written in (word, word.upper(), word.replace("_", " "), word.replace("_", "-")):
            assert answer(written, known) == f', did you mean "{ours}"?', written


@pytest.mark.parametrize(
    ("word", "metric"),
    [
        ("velocity", "sales_surge"),
        ("surge", "sales_surge"),
        ("Sales Velocity", "sales_surge"),
        ("views_velocity", "views_surge_ratio"),
        ("gmv_surge", "gmv_surge_ratio"),
        ("takeoff", "sales_surge"),
        ("creators_momentum", "creators_surge_ratio"),
    ],
)
def test_words_for_a_surge(word: str, metric: str) -> None:
    """Where a metric should stand."""
    (complaint,) = complaints({word: {"at_least": 3}})
    assert complaint.endswith(f'did you mean "{metric}"?')


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"review_count": {"doubles": True}}, 'did you mean "rises: 100%"?'),
        ({"review_count": {"Triples": True}}, 'did you mean "rises: 200%"?'),
        ({"review_count": {"halves": True}}, 'did you mean "falls: 50%"?'),
        ({"review_count": {"falls_below": 5}}, 'did you mean "crosses_below"?'),
        ({"review_count": {"increases": 5}}, 'did you mean "rises"?'),
        ({"vanished": True}, 'did you mean "disappears"?'),
        ({"rank": {"disappears": True}}, 'did you mean "disappears: true", beside the metrics?'),
        ({"rank": {"gone": True}}, 'did you mean "disappears: true", beside the metrics?'),
        ({"restocked": True}, 'did you mean "reappears"?'),
        ({"product_name": {"changes": "30%"}}, 'only true, as "product_name: {changes: true}"'),
        (
            {"product_name": {"changes": True, "from": "7d ago"}},
            'leave "from" out: product_name is a text',
        ),
        ({"product_name": {"changes": False}}, "not: {product_name: {changes: true}}"),
        ({"product_name": {"becomes": ["a"]}}, 'for any other text write "changes: true"'),
        ({"new": True}, 'did you mean "appears"?'),
        ({"rank": {"first seen": True}}, 'did you mean "appears: true", beside the metrics?'),
        (
            {"review_count": {"rises": "3x"}},
            '"rises: 200%" is 3 times as much, "falls: 67%" leaves 1/3',
        ),
        ({"review_count": {"falls": "2 times"}}, '"falls: 50%" leaves 1/2 of it'),
        ({"review_count": {"above": "2.5x"}}, '"rises: 150%" is 2.5 times as much'),
        (
            {"spu_avg_price": {"drops": 5}},
            'only for rank, not for spu_avg_price, did you mean "falls"?',
        ),
        ({"spu_avg_price": {"climbs": 5}}, 'did you mean "rises"?'),
        ({"review_count": {"enters_top": 5}}, "enters_top is only for rank, not for review_count"),
        ({"product_name": {"starts_with": "a"}}, "matches: '^word'"),
        ({"product_name": {"not_contains": "a"}}, "not: {product_name: {contains: word}}"),
        ({"product_name": {"zzz": "a"}}, "a text takes equals, not_equals, in"),
        ({"review_count": {"zzz": 5}}, 'there are "equals", "not_equals"'),
        ({"review_count": {"not_rising": 5}}, 'for the reverse put "not" around the whole'),
    ],
)
def test_answers(raw: object, said: str) -> None:
    """What is tried gets the right name, or the way to say it."""
    (complaint,) = complaints(raw)
    assert said in complaint


def test_no_list_is_named_that_is_not_there() -> None:
    """An unknown operator is answered with the operators themselves, those of ranks for ranks."""
    (of_rank,), (of_others,) = complaints({"rank": {"zzz": 1}}), complaints({"discount": {"zz": 1}})
    assert all(operator.name in of_rank for operator in NUMBER_OPERATORS)
    assert all(name in of_others for name in TEXT_BY_NAME)
    (plain,) = complaints({"review_count": {"zzz": 1}})
    assert "climbs" not in plain
    assert "README" not in f"{of_rank}{of_others}{plain}"


@pytest.mark.parametrize("operator", NUMBER_BY_NAME)
def test_no_guess_says_the_opposite(operator: str) -> None:
    """Of words that turn one of ours round, none is answered with that one."""
    for word in (f"not_{operator}", f"un{operator}", f"non_{operator}", f"no_{operator}"):
        if not operator.startswith(("not_", "un")):
            assert f'"{operator}"' not in answer(word, EVERY), word


@pytest.mark.parametrize(
    ("word", "operator"),
    [
        ("rises_below", "crosses_above"),
        ("fall_above", "falls"),
        ("goes_below", "crosses_above"),
        ("unequals", "equals"),
        ("disappears", "appears"),
        ("lower", "above"),
    ],
)
def test_never_the_other_way(word: str, operator: str) -> None:
    """Up is not down."""
    assert f'"{operator}"' not in answer(word, EVERY)


def test_ways() -> None:
    """Only what is known to go the other way is refused."""
    assert opposite("rises_by_more", "falls")
    assert opposite("not_above", "above")
    assert not opposite("abuve", "above")
    assert not opposite("unusuall", "unusual")
    assert not opposite("crosses", "crosses_above")


@pytest.mark.parametrize(
    ("value", "factor"),
    [
        ("3x", 3),
        ("1.5 X", 1.5),
        ("10 times", 10),
        ("2-fold", 2),
        ("x3", None),
        (3, None),
        ("3", None),
    ],
)
def test_times(value: object, factor: float | None) -> None:
    """So many times, in words."""
    assert times(value) == factor


@pytest.mark.parametrize("key", sorted(OF_RULE))
def test_keys_of_the_rule(key: str) -> None:
    """Among the conditions, and under a metric: said where it stands."""
    assert (
        f'"{key}" is a key of the rule' in complaints({key: {"spu_avg_price": {"falls": "5%"}}})[0]
    )
    assert f'"{key}" is a key of the rule' in complaints({"spu_avg_price": {key: "5%"}})[0]


@pytest.mark.parametrize(
    ("field", "better"), [("desc_detail", "description"), ("skus", "variants"), ("sku", "variants")]
)
def test_fields_that_are_texts_of_another_name(field: str, better: str) -> None:
    """As the source calls them."""
    assert f'did you mean "{better}"' in complaints({field: {"changes": True}})[0]
