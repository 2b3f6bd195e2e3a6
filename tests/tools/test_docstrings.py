"""The lint of docstrings and names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.docstrings import BEGINNINGS, FIRST, TERMS, faults, faults_of, main


@pytest.mark.parametrize("word", sorted(FIRST))
def test_beginnings(word: str) -> None:
    """Each word by which a docstring must not begin; inside of it, it may stand."""
    assert faults_of(f"{word} a thing is.")
    assert faults_of(f"{word}, a thing.")
    assert not faults_of(f"A thing, {word.lower()} it is.")
    assert not faults_of(f"{word}ever begins otherwise.")


@pytest.mark.parametrize("words", BEGINNINGS)
def test_beginnings_of_several_words(words: str) -> None:
    """At the begin only."""
    assert faults_of(f"{words} of a rule.")
    assert not faults_of(f"A rule, and {words.lower()} of a watch.")


@pytest.mark.parametrize("word", sorted(TERMS))
def test_terms(word: str) -> None:
    """Words of our own, anywhere, with the field's term."""
    (fault,) = faults_of(f"A thing with {word.replace('s?', '')} in it.")
    assert TERMS[word] in fault


def test_a_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of modules, classes, functions and methods; a class name in two modules; private ones may."""
    package = tmp_path / "some"
    package.mkdir()
    (package / "a.py").write_text(
        '"""What a is."""\n\n\nclass Twice:\n    """The same."""\n\n    async def go(self):\n'
        '        """Who goes."""\n\n\nclass _Own:\n    pass\n'
    )
    (package / "b.py").write_text('"""Good."""\n\n\nclass Twice: ...\n\n\nclass _Own: ...\n')
    assert [line.partition(": ")[0] for line in faults(package)] == [
        "some/a.py:1", "some/a.py:5", "some/a.py:8", "some/a.py:4",
    ]  # fmt: skip
    assert main([str(package)]) == 1
    assert "Twice stands in some/b.py:4, too" in capsys.readouterr().out
    (package / "a.py").unlink()
    assert main([str(package)]) == 0
