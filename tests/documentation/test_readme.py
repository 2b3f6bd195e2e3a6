"""Examples and names of the README and of the pages, as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from watcher.analysis.ruletests.reading import read_suite
from watcher.analysis.ruletests.running import run_suite
from watcher.categories import CategoryLookup, CategoryName, KnownCategories
from watcher.cli.main import COMMANDS
from watcher.rules.files.loading import load, load_text
from watcher.rules.sections.templates import SAMPLE

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
RULES = (ROOT / "docs" / "rules.md").read_text("utf-8")
PROVING = (ROOT / "docs" / "proving.md").read_text("utf-8")
COMMANDS_PAGE = (ROOT / "docs" / "commands.md").read_text("utf-8")
BLOCKS: list[str] = re.findall(r"```yaml\n(.*?)```", README + PROVING, re.DOTALL)


def block(begin: str) -> str:
    """The YAML example that begins so."""
    return next(text for text in BLOCKS if text.startswith(begin))


def test_the_first_rule_loads() -> None:
    """Without an error, and with its one variable."""
    book = load_text(block("channels:\n  me: {url:"), env={"SLACK_URL": "json://localhost"})
    assert [rule.name for rule in book.rules] == ["beauty-rising"]


def test_the_rule_test_passes(tmp_path: Path) -> None:
    """Against the README's first rule."""
    (tmp_path / "rules.yaml").write_text(block("channels:\n  me: {url:"), encoding="utf-8")
    path = tmp_path / "rules.test.yaml"
    path.write_text(block("rules: rules.yaml"), encoding="utf-8")
    (result,) = run_suite(read_suite(path))
    assert result.passed, str(result)


EXAMPLES = [
    (page, text)
    for page in ("rules", "metrics", "signals")
    for text in re.findall(
        r"```yaml\n(.*?)```", (ROOT / f"docs/{page}.md").read_text("utf-8"), re.DOTALL
    )
    if not text.startswith(("rules: rules.yaml", "tests:"))  # a rule test
]
ENV = dict.fromkeys(("SLACK_URL", "TELEGRAM_URL", "MAIL_URL", "CRM_URL"), "json://localhost")
CATEGORIES = KnownCategories(
    CategoryName(name, name_id, level, name_id[:-1], 1, name, 1)
    for name, name_id, level in (
        ("Beauty & Personal Care", "1", 1),
        ("Skincare", "11", 2),
        ("Bath & Body Care", "12", 2),
        ("Serums", "111", 3),
    )
)
A_RULE = "\nrules: [{name: a, watch: {region: US}, when: {total_sale_7d_cnt: {above: 5}}}]\n"


@pytest.mark.parametrize("text", [text for _, text in EXAMPLES])
def test_the_examples_of_the_pages_load(tmp_path: Path, text: str) -> None:
    """Each by itself, as somebody copies it; one without rules beside a rule, and all beside the
    files of one's own and the categories that they name."""
    (tmp_path / "products.csv").write_text(
        "product_id,target,cost,map,set,mine\n1729,9,5,12,a,1\n", "utf-8"
    )
    (tmp_path / "authorised.txt").write_text("7495012345678901234\n", "utf-8")
    whole = text if "\nrules:" in f"\n{text}" else text + A_RULE
    path = tmp_path / "rules.yaml"
    path.write_text(whole, "utf-8")
    load([path], {**ENV, "KEYAPI_KEY": "a-key"}, categories=CategoryLookup(lambda: CATEGORIES))


def test_the_examples_are_found() -> None:
    """On these pages."""
    assert {page for page, _ in EXAMPLES} == {"rules", "metrics", "signals"}


def test_the_readme_is_short() -> None:
    """A stranger reads it whole: 200 lines at most."""
    assert len(README.splitlines()) <= 200


def test_every_command_is_named() -> None:
    """In the table of commands."""
    for name, _ in COMMANDS:
        assert f"| `watcher {name}" in COMMANDS_PAGE


def test_every_name_of_a_template_is_named() -> None:
    """What a channel's own layout may use: of a message, and of its products."""
    (product,) = SAMPLE["products"]
    for name in (*SAMPLE, *product):
        assert f"`{name}`" in RULES
