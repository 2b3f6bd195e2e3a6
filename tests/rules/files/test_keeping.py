"""The last good copy of a file stands in once that can't be used."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from watcher.errors import RulesError
from watcher.rules.files.keeping import KeepingLoader
from watcher.rules.files.loading import load, named_files
from watcher.rules.rulebook import Rulebook

RULES = """
channels: {me: {url: "json://h"}}
defaults: {region: US, notify: me}
watches: {mine: {sort: total_sale_7d_cnt desc, top: 50}}
facts: {file: products.csv}
metrics: {margin: spu_avg_price - cost}
rules: [{name: a, watch: mine, when: {margin: {below: target}, seller_id: {in: {file: ok.txt}}}}]
"""
CSV = "product_id,target,cost\n1729,5,3\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of rules with their files."""
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    (tmp_path / "products.csv").write_text(CSV, "utf-8")
    (tmp_path / "ok.txt").write_text("7\n", "utf-8")
    return tmp_path


def reader(folder: Path) -> Callable[[Mapping[str, bytes]], Rulebook]:
    """What reads the rules there."""
    return partial(load, [folder / "rules.yaml"], {})


BROKEN: dict[str, Callable[[Path], object]] = {
    "gone": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "ruined ids": lambda path: path.write_text("product_id,target,cost\n1.7E+18,5,3\n", "utf-8"),
    "a workbook": lambda path: path.write_bytes(b"PK\x03\x04"),
    "without the column that a formula needs": lambda path: path.write_text(
        "product_id,target\n1729,9\n", "utf-8"
    ),
    "the column is text now": lambda path: path.write_text(
        "product_id,target,cost\n1729,9,much\n", "utf-8"
    ),
    "a folder in its place": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("how", BROKEN)
def test_the_copy_stands_in(folder: Path, how: str) -> None:
    """Whatever befalls the file, while the other file is read as it is now."""
    loading = KeepingLoader(reader(folder))
    assert loading().intact
    BROKEN[how](folder / "products.csv")
    (folder / "ok.txt").write_text("7\n8\n", "utf-8")
    book = loading()
    assert not book.intact
    assert book.metrics.facts is not None
    assert dict(book.metrics.facts.of("1729")) == {"target": 5, "cost": 3}
    (trouble,) = [each.trouble for each in book.beside if each.path.endswith("products.csv")]
    assert trouble
    assert loading().intact is False, "and again, from the copy"
    with pytest.raises(RulesError):
        reader(folder)({})


def test_it_is_in_force_again_once_mended(folder: Path) -> None:
    """As it is then."""
    loading = KeepingLoader(reader(folder))
    loading()
    (folder / "products.csv").unlink()
    assert not loading().intact
    (folder / "products.csv").write_text(CSV.replace("5", "6"), "utf-8")
    book = loading()
    assert book.intact
    assert book.metrics.facts is not None
    assert dict(book.metrics.facts.of("1729"))["target"] == 6


def test_copies_of_an_earlier_run(folder: Path) -> None:
    """At a restart with the file gone; without one the trouble is said."""
    first = KeepingLoader(reader(folder))
    first()
    (folder / "products.csv").unlink()
    assert not KeepingLoader(reader(folder), lambda: first.kept)().intact
    with pytest.raises(RulesError, match="there is no such file"):
        KeepingLoader(reader(folder))()


def test_a_fault_of_the_rules_is_no_fault_of_a_file(folder: Path) -> None:
    """A copy stands in for no mistyped rule, though the file changed at the same time."""
    loading = KeepingLoader(reader(folder))
    loading()
    (folder / "products.csv").write_text(CSV + "1730,1,1\n", "utf-8")
    (folder / "rules.yaml").write_text(RULES.replace("below", "belwo"), "utf-8")
    with pytest.raises(RulesError, match="belwo"):
        loading()


def test_the_files_that_rules_name(folder: Path) -> None:
    """Whether they are there or not, with what the environment fills in; of a broken file none."""
    path = folder / "rules.yaml"
    text = RULES.replace("products.csv", "${LIST}.csv").encode()
    found = named_files(text, path, {"LIST": "a"})
    assert found == [folder / "a.csv", folder / "ok.txt"]
    assert named_files(b"rules: [", path, {}) == []


def test_a_file_that_is_no_file_holds_nobody_up(folder: Path) -> None:
    """A pipe would wait for a writer for ever."""
    (folder / "products.csv").unlink()
    os.mkfifo(folder / "products.csv")
    with pytest.raises(RulesError, match="it is no plain file"):
        reader(folder)({})


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to the superuser")
def test_no_permission(folder: Path) -> None:
    """A word, as of any other."""
    (folder / "products.csv").chmod(0)
    with pytest.raises(RulesError, match="can't be read: Permission denied"):
        reader(folder)({})
