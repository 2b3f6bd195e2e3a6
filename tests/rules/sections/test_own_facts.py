"""``facts:`` and files of values in rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.errors import RulesError
from watcher.rules.files.loading import load
from watcher.rules.rulebook import Rulebook

A = "1729873073559015752"
HEAD = """
channels: {me: {url: "json://h"}}
defaults: {region: US, notify: me}
watches: {mine: {sort: total_sale_7d_cnt desc, top: 50}}
facts: {file: products.csv}
"""
CSV = f"product_id,target,cost,note\n{A},19.90,10,my best\n"


def book(folder: Path, when: str, csv: str = CSV, more: str = "") -> Rulebook:
    """The rules with one rule of that ``when``."""
    text = f"{HEAD}{more}rules: [{{name: a, watch: mine, when: {when}}}]\n"
    (folder / "rules.yaml").write_text(text, "utf-8")
    (folder / "products.csv").write_text(csv, "utf-8")
    return load([folder / "rules.yaml"], {})


def problems(folder: Path, when: str, csv: str = CSV, more: str = "") -> str:
    """What is wrong with them."""
    with pytest.raises(RulesError) as caught:
        book(folder, when, csv, more)
    return str(caught.value)


def doubts(folder: Path, when: str, csv: str = CSV, more: str = "") -> list[str]:
    """Their warnings."""
    return [str(each) for each in book(folder, when, csv, more).warnings]


def test_columns_are_metrics_and_texts(tmp_path: Path) -> None:
    """By their names, in conditions, formulas and orders; known to who looks for a name."""
    more = "metrics: {margin: (spu_avg_price - cost) / spu_avg_price}\n"
    rules = book(tmp_path, "{margin: {below: 10%}, note: {contains: best}, cost: 10}", more=more)
    assert doubts(tmp_path, "{margin: {below: 10%}}", more=more) == []
    margin = rules.metrics["margin"]
    assert margin.fields == {"spu_avg_price"}
    assert [fact.name for fact in margin.facts] == ["cost"]
    assert rules.metrics.get("target") is not None
    assert rules.metrics.attribute("note") is not None
    assert "your own, from" in rules.metrics["target"].meaning


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("{targt: 5}", 'unknown metric "targt", did you mean "target"?'),
        ("{spu_avg_price: {at_most: targt}}", 'no metric, did you mean "target"?'),
        ("{note: {above: 5}}", "above needs a number, and note is a text"),
        ("{spu_avg_price: {at_most: note}}", "note is a text"),
        ("{target: {contains: x}}", "contains is for texts, and target is a number"),
    ],
)
def test_wrong_names(tmp_path: Path, when: str, wanted: str) -> None:
    """With the nearest of one's own."""
    assert wanted in problems(tmp_path, when)


def test_a_column_whose_name_is_taken(tmp_path: Path) -> None:
    """It is not read, and the warning says what to do; a formula keeps the user's meaning."""
    csv = f"product_id,rank,product_name,of,above,margin,target\n{A},3,Serum,1,2,3,4\n"
    more = "metrics: {margin: spu_avg_price / 2}\n"
    found = doubts(tmp_path, "{spu_avg_price: {at_most: target}}", csv, more)
    for name in ("rank", "product_name", "of", "above", "margin"):
        (said,) = [each for each in found if f'column "{name}" is not read' in each]
        assert "products.csv:1:1: the column" in said
        assert f"name the column otherwise, as my_{name}" in said
    assert book(tmp_path, "{margin: 5}", csv, more).metrics["margin"].definition


def test_a_metric_may_be_called_of_as_before(tmp_path: Path) -> None:
    """The word stands beside an operator only."""
    rules = book(tmp_path, "{of: {above: 2}}", more="metrics: {of: spu_avg_price / 2}\n")
    assert rules.rules[0].when.key == "of:=spu_avg_price / 2 above 2.0"


FILES = {
    "gone": (None, "rules.yaml:5:15: facts.file: "),
    "a folder": ("folder", "the file can't be read: it is a folder"),
    "empty": ("", "products.csv: is empty"),
}


@pytest.mark.parametrize("form", FILES)
def test_a_file_that_can_not_be_read(tmp_path: Path, form: str) -> None:
    """A word at the place that names it."""
    book(tmp_path, "{target: 5}")
    content, wanted = FILES[form]
    (tmp_path / "products.csv").unlink()
    if content == "folder":
        (tmp_path / "products.csv").mkdir()
    elif content is not None:
        (tmp_path / "products.csv").write_text(content, "utf-8")
    with pytest.raises(RulesError) as caught:
        load([tmp_path / "rules.yaml"], {})
    assert wanted in str(caught.value)
    assert "rules.yaml:5:15: facts.file" in str(caught.value)


def test_the_section_has_one_key(tmp_path: Path) -> None:
    """Others are mistyped."""
    (tmp_path / "rules.yaml").write_text(
        HEAD.replace("{file: products.csv}", "{flie: products.csv}")
        + "rules: [{name: a, watch: mine, when: {appears: true}}]\n",
        "utf-8",
    )
    with pytest.raises(RulesError, match='unknown field "flie", did you mean "file"'):
        load([tmp_path / "rules.yaml"], {})


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("{seller_id: {not_in: {file: ok.txt}}}", 'seller_id not_in file "ok.txt"'),
        ("{seller_id: {in: {file: ok.txt}}}", 'seller_id in file "ok.txt"'),
        ("{review_count: {in: {file: ok.txt}}}", 'review_count in file "ok.txt"'),
        ("{review_count: {not_in: {file: ok.txt}}}", 'review_count not_in file "ok.txt"'),
    ],
)
def test_values_in_a_file(tmp_path: Path, when: str, wanted: str) -> None:
    """Of texts and of numbers."""
    (tmp_path / "ok.txt").write_text("\ufeff7\n# nobody\n\n8\n", "utf-8")
    (rule,) = book(tmp_path, when).rules
    assert rule.when.key == wanted
    assert "the 2 in ok.txt" in str(rule.when)


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("{seller_id: {in: {file: gone.txt}}}", "seller_id.in.file: "),
        ("{seller_id: {in: {flie: ok.txt}}}", "takes a list, or a file with a value a line"),
        ("{review_count: {in: {file: ok.txt}}}", '"GlowLab" is no number'),
        ("{seller_id: {equals: {file: ok.txt}}}", "takes a text, not a mapping"),
    ],
)
def test_files_that_do_not_fit(tmp_path: Path, when: str, wanted: str) -> None:
    """At the place that names them."""
    (tmp_path / "ok.txt").write_text("GlowLab\n", "utf-8")
    assert wanted in problems(tmp_path, when)


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("{spu_avg_price: {above: review_count}}", "compares an amount of money with a count"),
        ("{review_count: {above: price}}", "compares a count with an amount of money"),
        ("{spu_avg_price: {above: 9, of: target}}", ""),
        ("{spu_avg_price: {above: 90, of: target}}", "is 90 times target: write 90%"),
        ("{spu_avg_price: {above: spu_avg_price}}", "compares spu_avg_price with itself"),
        ("{spu_avg_price: {above: target}}", ""),
        ("{spu_avg_price: {above: price}}", ""),
        ("{total_sale_gmv_7d_amt: {above: price}}", ""),
        ("{spu_avg_price: {falls: share, from: 7d ago}}", ""),
        ("{commission: {below: share}}", ""),
        ("{spu_avg_price: {below: share}}", "an amount of money with a percentage"),
    ],
)
def test_what_can_not_be_compared_is_doubted(tmp_path: Path, when: str, wanted: str) -> None:
    """A price with a count; of one's own it is known only where a sign beside its numbers says."""
    found = doubts(tmp_path, when, f"product_id,target,price,share\n{A},5,$5,10%\n")
    assert [each for each in found if wanted in each] == found
    assert bool(found) is bool(wanted)


def test_waiting_for_a_second_crossing_is_doubted(tmp_path: Path) -> None:
    """Of a line that stands still; one that moves may be crossed twice in a row."""
    for line, wanted in (("target", True), ("min_price", False)):
        when = f"{{spu_avg_price: {{crosses_below: {line}}}}}, for: 48h"
        text = " ".join(doubts(tmp_path, when))
        assert ("is met at one scan only" in text) is wanted


def test_pushed_rules_read_nothing_but_what_was_pushed(tmp_path: Path) -> None:
    """Who pushes them does not own the machine."""
    from watcher.rules.files.pushed import load_pushed

    (tmp_path / "secret.txt").write_text("a secret\n", "utf-8")
    rules = HEAD + "rules: [{name: a, watch: mine, when: {seller_id: {in: {file: ok.txt}}}}]\n"
    files = {"rules.yaml": rules.encode(), "products.csv": CSV.encode(), "ok.txt": b"7\n"}
    pushed = load_pushed("shops", files, {})
    target = pushed.metrics.get("target")
    assert target is not None
    assert target.meaning == "your own, from shops/products.csv"  # not the folder, which is gone
    assert str(pushed.rules[0].when) == "is one of the 1 in ok.txt"
    for name in (str(tmp_path / "secret.txt"), "../secret.txt", "/etc/hostname"):
        files["rules.yaml"] = rules.replace("ok.txt", name).encode()
        with pytest.raises(RulesError) as caught:
            load_pushed("shops", files, {})
        assert "a secret" not in str(caught.value)
        assert "only files that are pushed with them" in str(caught.value)
    del files["products.csv"]
    with pytest.raises(RulesError, match=r"shops/products.csv: there is no such file"):
        load_pushed("shops", files, {})


def test_a_file_may_name_sellers(tmp_path: Path) -> None:
    """As ``sellers:`` names them, beside ids; a name that stands for none is said with the file."""
    sellers, when = (
        'sellers: {"7495981769829615944": GlowLab}\n',
        "{seller_id: {not_in: {file: ok.txt}}}",
    )
    (tmp_path / "ok.txt").write_text("glowlab\n7495981769829615945\n", "utf-8")
    (rule,) = book(tmp_path, when, more=sellers).rules
    (tmp_path / "ok.txt").write_text("7495981769829615944\n7495981769829615945\n", "utf-8")
    assert rule.when.canonical() == book(tmp_path, when, more=sellers).rules[0].when.canonical()
    (tmp_path / "ok.txt").write_text("7495981769829615944\nGlowLub\n", "utf-8")
    assert 'ok.txt:2:1: "GlowLub" is no seller\'s id' in problems(tmp_path, when, more=sellers)


@pytest.mark.parametrize(
    ("section", "csv"),
    [
        ("", "target\n5\n"),
        ("", ""),
        ("", f"product_id,target\n{A},5\n{A},6\n"),
        ("", "product_id,target\n1.72987E+18,5\n"),
        ("facts: products.csv\n", CSV),
        ("facts: {fil: products.csv}\n", CSV),
        ("facts: {file: gone.csv}\n", CSV),
    ],
)
@pytest.mark.parametrize(
    "when",
    [
        "{spu_avg_price: {at_most: target}}",
        "{spu_avg_price: {below: 90%, of: target}}",
        "{spu_avg_price: {between: [target, 5]}}",
        "{target: {above: 5}}",
        "{margin: {above: 5}}",
    ],
)
def test_a_file_that_can_not_be_used_is_all_that_is_said(
    tmp_path: Path, section: str, csv: str, when: str
) -> None:
    """Its columns are not known then: no rule is blamed for naming one."""
    (tmp_path / "products.csv").write_text(csv, "utf-8")
    head = HEAD.replace("facts: {file: products.csv}\n", section) if section else HEAD
    text = f"{head}metrics: {{margin: spu_avg_price - target}}\n"
    (tmp_path / "rules.yaml").write_text(
        f"{text}rules: [{{name: a, watch: mine, when: {when}}}]\n", "utf-8"
    )
    with pytest.raises(RulesError) as caught:
        load([tmp_path / "rules.yaml"], {})
    assert all(each.path.startswith("facts") for each in caught.value.problems)


def test_a_column_without_a_number_says_so(tmp_path: Path) -> None:
    """It is a text then, and that is seldom meant."""
    said = problems(tmp_path, "{spu_avg_price: {at_most: target}}", f"product_id,target\n{A},x\n")
    assert "no cell of it in" in said
    assert "products.csv is a number" in said


def test_an_id_that_is_none_is_named(tmp_path: Path) -> None:
    """No product will ever have it."""
    said = doubts(tmp_path, "{target: 5}", f"product_id,target\nhello,4\n{A},5\n")
    assert any(':2:1: "hello" is no product id, which is digits' in each for each in said)


def test_values_of_a_file_that_are_no_numbers(tmp_path: Path) -> None:
    """Each with its line in that file."""
    (tmp_path / "list.txt").write_text("# prices\n1\nabc\n2\nx\n", "utf-8")
    said = problems(tmp_path, "{spu_avg_price: {in: {file: list.txt}}}")
    assert 'list.txt:3:1: "abc" is no number' in said
    assert 'list.txt:5:1: "x" is no number' in said


def test_names_of_a_file_that_nobody_has(tmp_path: Path) -> None:
    """Sellers by names of one's own, and one of them mistyped: with its line there."""
    (tmp_path / "ok.txt").write_text("GlowLab\nGlowLb\n7495\n", "utf-8")
    more = 'sellers: {"74951": GlowLab}\n'
    said = problems(tmp_path, "{seller_id: {not_in: {file: ok.txt}}}", more=more)
    assert 'not_in.file: ok.txt:2:1: "GlowLb" is no seller' in said
