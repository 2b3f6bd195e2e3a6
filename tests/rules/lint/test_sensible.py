"""No doubt is raised by rules that mean what they say."""

from pathlib import Path

import pytest

from watcher.rules.files.loading import load

ROOT = Path(__file__).parents[3]
ENV = {"SLACK_URL": "json://localhost"}
# Not of the rules themselves.
OTHER = ("operator",)


def doubts(path: Path) -> list[str]:
    """The warnings about the rules of a file."""
    found = load([path], ENV).warnings
    return [str(one) for one in found if one.path.startswith(("rules[", "groups."))]


def test_a_hundred_sensible_rules() -> None:
    """Each is one that somebody would write."""
    path = Path(__file__).parent / "sensible.yaml"
    assert len(load([path], ENV).rules) >= 100
    assert doubts(path) == []


@pytest.mark.parametrize("name", ["rules.example.yaml"])
def test_the_recipes(name: str) -> None:
    """What we ship is not doubted."""
    assert doubts(ROOT / name) == []
