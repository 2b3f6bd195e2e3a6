"""What is wrong with a rule file is told to programs by its code: its words are for people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from watcher.errors import Problem, ProblemCode, RulesError
from watcher.rules.files import loading, rule_file
from watcher.rules.files.document import MAX_PROBLEMS, Document
from watcher.rules.sections import watches
from watcher.source.query import Query, Report, parse_query
from watcher.words import Wrong

RULE = "{name: a, watch: {region: US}, when: {product_rating: 1}}"

TEXTS = {
    ProblemCode.UNREADABLE: "a: " + "x" * (5 << 20),
    ProblemCode.SYNTAX: "rules: [a: b: c",
    ProblemCode.UNFILLED: "rules: [{name: '${NOWHERE}'}]",
    ProblemCode.INVALID: "rules: [{name: a, watch: {region: USA}, when: {}}]",
    ProblemCode.MISSING: "channels: {a: {url: }}\nrules: [{name: b}]",
    ProblemCode.UNKNOWN_SECTION: "ruels: []",
    ProblemCode.UNKNOWN_FIELD: "rules: [{nmae: a, watch: {regoin: US, sotr: x}}]",
    ProblemCode.UNKNOWN_METRIC: (
        "metrics: {own: pirce * 2}\n"
        "rules: [{name: a, watch: {region: US}, when: {sales_grwth: 1}, order_by: nothing}]"
    ),
    ProblemCode.UNKNOWN_CHANNEL: f"operator: [phone]\nrules: [{RULE}]",
    ProblemCode.UNKNOWN_WATCH: "rules: [{name: a, watch: best, when: {}}]",
    ProblemCode.NAME_TAKEN: f"rules:\n  - {RULE}\n  - {RULE}",
    ProblemCode.NO_RULES: "keep: {}",
    ProblemCode.TOO_MANY: "rules:\n" + "  - {nmae: a}\n" * MAX_PROBLEMS,
    ProblemCode.DOUBT: f"watches: {{unused: {{region: US}}}}\nrules: [{RULE}]",
}


def told(texts: Mapping[str, str], folder: Path) -> list[tuple[object, ...]]:
    """Place and code of each problem, and of each warning, of some files together."""
    for name, text in texts.items():
        (folder / name).write_text(text)
    try:
        found: tuple[Problem, ...] = loading.load([folder / name for name in texts], {}).warnings
    except RulesError as error:
        found = error.problems
    return sorted((one.file, one.line, one.column, one.path, one.code) for one in found)


def reword(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that a person would read says something else."""
    wrong, problem, report = Wrong.__init__, Document.problem, rule_file.RuleFile.report

    def query(raw: Mapping[str, object], complain: Report, **more: Any) -> Query | None:
        return parse_query(raw, lambda path, message: complain(path, f"q {message}"), **more)

    monkeypatch.setattr(
        Wrong, "__init__", lambda self, text, *rest: wrong(self, f"w {text}", *rest)
    )
    monkeypatch.setattr(
        Document,
        "problem",
        lambda self, path, text, **about: problem(self, path, f"p {text}", **about),
    )
    monkeypatch.setattr(
        rule_file.RuleFile,
        "report",
        lambda self, path, text, **about: report(self, path, f"r {text}", **about),
    )
    monkeypatch.setattr(watches, "parse_query", query)


@pytest.mark.parametrize("code", ProblemCode)
def test_every_code_is_told(code: ProblemCode, tmp_path: Path) -> None:
    """Each by some rule file."""
    assert code in {one[-1] for one in told({"rules.yaml": TEXTS[code]}, tmp_path)}


@pytest.mark.parametrize("code", ProblemCode)
def test_words_change_nothing(
    code: ProblemCode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same problems stand at the same places, also beside a file that can't be read."""
    alone = {"rules.yaml": TEXTS[code]}
    pair = alone | {"broken.yaml": "rules: ["}
    before = told(alone, tmp_path), told(pair, tmp_path)
    reword(monkeypatch)
    assert (told(alone, tmp_path), told(pair, tmp_path)) == before


def test_names_in_a_file_that_cant_be_read(tmp_path: Path) -> None:
    """That the other file does not know them is no second error."""
    texts = {"rules.yaml": TEXTS[ProblemCode.UNKNOWN_METRIC], "broken.yaml": "metrics: ["}
    assert {one[-1] for one in told(texts, tmp_path)} == {ProblemCode.SYNTAX}
