"""What is pushed of a single rule file."""

from __future__ import annotations

from pathlib import Path

from watcher.cli.rule_folder import RuleFolder


def test_a_single_file_takes_what_it_names_along(tmp_path: Path) -> None:
    """The files beside it that it names, and no others."""
    rules = "facts: {file: products.csv}\nrules: [{when: {seller_id: {in: {file: ../ok.txt}}}}]\n"
    (tmp_path / "shops").mkdir()
    for name in ("shops/products.csv", "shops/other.csv", "ok.txt"):
        (tmp_path / name).write_text("x", "utf-8")
    (tmp_path / "shops" / "rules.yaml").write_text(rules, "utf-8")
    assert set(RuleFolder(tmp_path / "shops" / "rules.yaml").read()) == {
        "rules.yaml",
        "products.csv",
    }
    (tmp_path / "shops" / "products.csv").unlink()
    assert set(RuleFolder(tmp_path / "shops" / "rules.yaml").read()) == {"rules.yaml"}
