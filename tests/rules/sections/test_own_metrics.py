"""The user's formulas as metrics."""

import pytest

from tests.rules.tables import FakeTable, column, condition, problems_of, verdicts
from watcher.rules.files.loading import load_text
from watcher.rules.metrics import Catalogue, Metric

RULES = "rules: [{name: a, watch: {region: US}, when: {review_count: 1}, notify: []}]\n"


def metric(name: str, metrics: str) -> Metric:
    """A metric of a rule file."""
    return load_text(f"metrics: {{{metrics}}}\n{RULES}").metrics[name]


def test_needs_are_fields() -> None:
    """Also through derived metrics and through each other, in any order."""
    found = metric("double", "double: 2 * earnings, earnings: spu_avg_price * commission")
    assert found.needs == {"spu_avg_price", "product_commission_rate"}
    columns = {"spu_avg_price": column([10, None]), "product_commission_rate": column([20, 20])}
    assert found.compute(columns, 0).tolist()[:1] == [4.0]
    assert found.meaning == "your own: 2 * earnings"


def test_a_formula_of_a_surge_has_its_forms() -> None:
    """It does without what all of its parts do without in a form."""
    surge = Catalogue()["sales_surge"]
    double = metric("double", "double: 2 * heat, heat: sales_surge + review_count")
    assert double.unused == surge.unused
    assert double.window == surge.window == 30
    mixed = metric("mixed", "mixed: sales_surge / total_sale_60d_cnt")
    assert not mixed.unused["normal"]
    assert mixed.unused["sparse"] == surge.unused["sparse"]
    assert mixed.window == 60
    assert not metric("plain", "plain: sales_growth / review_count").unused


def test_usable_like_any_other() -> None:
    """In conditions, by its name."""
    book = load_text(f"metrics: {{half: review_count / 2}}\n{RULES}")
    table = FakeTable({"half": [1, 3]})
    assert str(condition({"half": {"above": 2}}, book.metrics)) == "above 2"
    assert verdicts({"review_count": 3}, FakeTable({"review_count": [1, 3]})) == "nm"
    assert table.number(book.metrics["half"]).tolist() == [1, 3]


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ("a: b + 1", 'metrics.a: unknown metric "b"'),
        ("a: comission", 'did you mean "commission"?'),
        ("a: seller_id * 2", "seller_id is a text, and a formula takes numbers"),
        ("a: a + 1", "the formula needs itself: a -> a"),
        ("a: b, b: c, c: a", "the formula needs itself: a -> b -> c -> a"),
        ("a: 5", "names no metric"),
        ("a: true", "must be a formula, not true"),
        ("a: [1]", "must be a formula, not a list"),
        ("a: 2 ^ review_count", 'a power is written "**"'),
        ("review_count: 1", 'there is a metric "review_count" already'),
        ("seller_id: 1", 'there is a metric "seller_id" already'),
        ("above: review_count", "is a word of the rule language"),
        ("any: review_count", "is a word of the rule language"),
        ("a-b: review_count", "is no name for a metric"),
    ],
)
def test_refuses(metrics: str, message: str) -> None:
    """One line; the rules that use it are not blamed."""
    used = RULES.replace("review_count: 1", f"{metrics.partition(':')[0]}: 1")
    text = f"metrics: {{{metrics}}}\n{used if message.startswith('metrics') else RULES}"
    (problem,) = problems_of(text)
    assert message in problem


@pytest.mark.parametrize("name", ["description", "variants", "discount_rate", "variant_count",
                                  "reappears", "disappears"])  # fmt: skip
def test_a_name_that_became_ours_stays_the_user_s(name: str) -> None:
    """With a warning, and not with our meaning."""
    text = f"metrics: {{{name}: review_count * 2}}\n" + RULES.replace(
        "review_count: 1", f"{name}: 4"
    )
    book = load_text(text)
    assert str(book.rules[0].when.metrics[0].canonical) == f"{name}:=review_count * 2"
    assert any(f'"{name}" by now' in warning.message for warning in book.warnings)


def test_a_broken_metric_is_reported_once() -> None:
    """Not again by its users: other formulas and rules."""
    (problem,) = problems_of(
        "metrics: {a: 2 ^ 3, b: a + 1}\n" + RULES.replace("review_count: 1", "a: 1, b: 2")
    )
    assert "metrics.a" in problem


def test_a_long_chain_is_refused() -> None:
    """Where it gets too deep, and without a traceback."""
    chain = "".join(f"  m{number}: m{number - 1} + 1\n" for number in range(1_500, 0, -1))
    problems = problems_of(f"metrics:\n{chain}  m0: review_count\n{RULES}")
    assert all("use each other more than 30 deep" in problem for problem in problems)


def test_formulas_that_grow_by_powers_are_refused() -> None:
    """Each twice as long as the one before: the first that is too long is named."""
    pairs = "".join(
        f"  a{number}: a{number - 1} + b{number - 1}\n  b{number}: a{number - 1} - b{number - 1}\n"
        for number in range(1, 25)
    )
    start = "  a0: review_count\n  b0: review_count\n"
    problems = problems_of(f"metrics:\n{start}{pairs}{RULES}")
    assert len(problems) == 2
    assert all("too long together" in problem for problem in problems)
