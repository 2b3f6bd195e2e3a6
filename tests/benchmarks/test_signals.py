"""``make signals`` judges a file, rules and the simulator, and says what it can't."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks import signals
from benchmarks.detectors import scores
from benchmarks.judging import Bench
from benchmarks.ruled import rulings
from benchmarks.told import told
from tests.benchmarks.markets import daily, market, noisy, written
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook

ROOT = Path(__file__).parents[2]


def book(*rules: str) -> Rulebook:
    """Rules on some list of their own, to a channel that hears next to nothing."""
    lines = "\n".join(f"- {{name: r{place}, watch: w, {rule}}}" for place, rule in enumerate(rules))
    return load_text(
        "api: {key: none}\nchannels: {me: {url: 'json://localhost', min_severity: critical}}\n"
        "defaults: {region: US, every: 24h, notify: [me]}\n"
        f"watches: {{w: {{top: 50, sort: total_sale_7d_cnt desc}}}}\nrules:\n{lines}\n"
    )


def test_the_program_tells_whom_the_harness_tells() -> None:
    """A threshold with a cooldown of a week: the same products on the same mornings."""
    bench = Bench(noisy(30), 30)
    found = scores(bench.view)
    by_rule = told(
        bench.view,
        chosen := book(
            "when: {sales_growth: {at_least: 50%}}, cooldown: 7d",
            "when: {sales_surge: {at_least: 2}}, cooldown: 7d",
        ),
        chosen.rules,
    )
    for rule, metric, threshold in (("r0", "sales_growth", 0.5), ("r1", "sales_surge", 2.0)):
        expected = bench.told(found[metric], threshold)
        # Before that the harness knows no level, and tells nothing.
        assert expected[:, 40:].sum() > 5
        np.testing.assert_array_equal(by_rule[rule][:, 50:], expected[:, 50:])


def test_a_rule_on_the_price_sees_the_price() -> None:
    """And one on what sales say nothing of tells nothing."""
    sales = market(cheap=daily(10, 10, 0))
    sales.price[sales.products.index("cheap"), 120:130] = 1.5
    view = Bench(sales, 21).view
    chosen = book(
        "when: {spu_avg_price: {falls: 10%}}",
        "when: {total_views_7d_cnt: {at_least: 0}}",
        "when: {rank: {at_most: 1}, age_days: {between: [110, 111]}}",
        "when: {spu_avg_price: {below: 1.9}}, resolved: true",
    )
    found = told(view, chosen, chosen.rules)
    assert [place.tolist() for place in np.nonzero(found["r0"])] == [[0], [121]]
    assert not found["r1"].any()
    assert np.nonzero(found["r2"])[1].tolist() == [110]
    assert np.nonzero(found["r3"])[1].tolist() == [121]  # and not of its end


def test_a_rule_is_held_against_growth_and_chance() -> None:
    """One that finds, one that is at chance, and one that tells nothing is left out."""
    bench = Bench(noisy(40), 40)
    judged = list(
        rulings(
            bench,
            book(
                "when: {sales_surge: {at_least: 2}}, cooldown: 7d",
                "when: {rank: {climbs: 1}}",
                "when: {commission: {above: 5%}}",
            ),
            scores(bench.view)["sales_growth"],
        )
    )
    assert [each.rule.name for each in judged] == ["r0", "r1"]
    surge, climbs = judged
    assert surge.above_chance.above
    assert not climbs.finds
    assert climbs.above_growth.value < 0
    assert surge.priced is None


@pytest.mark.parametrize(
    ("variables", "options"),
    [
        ((), []),
        (("TOP=100", "PRESETS=real flat"), ["--top", "100", "--presets", "real", "flat"]),
        (("FILE=my sales.csv.gz", "RULES=r.yaml"), ["my sales.csv.gz", "--rules", "r.yaml"]),
    ],
)
def test_make_takes_what_it_says(variables: tuple[str, ...], options: list[str]) -> None:
    """``make signals`` hands its variables on as the module's options."""
    made = subprocess.run(
        ["make", "--dry-run", "--silent", "VENV=.none", "PYTHON=true", "signals", *variables],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    command = made.stdout.partition("-m benchmarks.signals")[2].replace("\\\n", " ")
    assert shlex.split(command) == options


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small file of sales."""
    return written(tmp_path_factory.mktemp("sales") / "shop.csv", noisy(30, 140))


def test_judges_a_file_and_its_rules(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tables in Markdown, written into a page, too."""
    page = tmp_path / "page.md"
    page.write_text("before <!-- signals --> <!-- /signals --> after", "utf-8")
    rules = ROOT / "rules.example.yaml"
    options = ["--top", "20", "--budgets", "0.2", "--rules", str(rules), "--write", str(page)]
    assert signals.main([str(file), *options, "--presets"]) == 0
    said = capsys.readouterr().out
    assert "**shop.csv**: 140 days of 30 products, the top 20. 30 mornings are judged" in said
    for begin in ("| at 0.2 a day |", "| sales_surge |", "| unusual daily counter |"):
        assert f"\n{begin}" in said
    assert "| sales_surge 4 |" in said
    assert "breakout** |" in said or "| breakout |" in said
    assert "Told of nothing" in said
    assert said.strip() in page.read_text("utf-8")


def test_judges_the_simulator_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    """Each preset that is named, in a column."""
    options = ["--days", "124", "--products", "60", "--top", "15"]
    assert signals.main(["--presets", "real", "flat", *options]) == 0
    said = capsys.readouterr().out
    assert "**The simulator, real**: 124 days" in said
    assert "| at 0.075 a day | real | flat |" in said
    assert "| at 0.3 a day | real | flat |" in said


def test_says_what_can_not_be_judged(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With an exit code: a short file, a broken one, rules without a file, a page without marks."""
    short = written(tmp_path / "short.csv", noisy(5, 100))
    assert signals.main([str(short), "--presets"]) == 1
    assert "short.csv: 100 days of sales are too few: 124 are needed" in capsys.readouterr().err
    (tmp_path / "broken.csv").write_text("a,b\n", "utf-8")
    assert signals.main([str(tmp_path / "broken.csv"), "--presets"]) == 1
    assert "broken.csv:1: 2 columns; 5 are needed" in capsys.readouterr().err
    rules = tmp_path / "none.yaml"
    assert signals.main([str(file), "--rules", str(rules), "--presets"]) == 1
    assert "there is no such file" in capsys.readouterr().err
    assert signals.main([str(file), "--write", str(tmp_path / "short.csv"), "--presets"]) == 1
    assert "no <!-- signals -->" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        signals.main(["--rules", str(rules)])
    assert "name one" in capsys.readouterr().err
