"""Names of one's own for sellers."""

from __future__ import annotations

import pytest

from tests.rules.sections.whole_texts import WHOLE_TEXT_OPERATORS
from tests.rules.tables import problems_of
from watcher.rules.conditions.registry import Takes
from watcher.rules.files.loading import load_text

ID, OTHER = "7495981769829615944", "7495000000000000001"
RULES = "rules: [{name: a, watch: {region: US}, when: {seller_id: %s}}]\n"
ANY = RULES % ID


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f'"{ID}": 5', "1:34: sellers.7495981769829615944: takes the seller's name, as"),
        (f'"{ID}": 5', "not the number 5: put it in quotes"),
        (f'"{ID}": [GlowLab]', "not a list"),
        (f'"{ID}":', "not nothing"),
        (f'"{ID}": "12345"', '"12345" could be a seller\'s id: a name has more than digits'),
        (f'"{ID}": " "', "is no name: at most 100 characters"),
        (
            f'GlowLab: "{ID}"',
            f'"GlowLab" is no seller\'s id, which is digits: turn it round, as "{ID}"',
        ),
        (f"GlowLab: {ID}", "turn it round"),
        ("glow-lab: GlowLab", '"glow-lab" is no seller\'s id, which is digits: write it like'),
        (
            f'"{ID}": GlowLab, "{OTHER}": glowlab',
            'the name "glowlab" is already used at rules.yaml:1',
        ),
        (f'"{ID}": GlowLab, "{ID}": Other', "is written twice"),
    ],
)
def test_refuses(line: str, message: str) -> None:
    """Each in a line of its own."""
    (problem,) = problems_of(f"sellers: {{{line}}}\n" + ANY)
    assert message in problem


def test_no_mapping() -> None:
    """A list of names has no ids."""
    (problem,) = problems_of("sellers: [GlowLab]\n" + ANY)
    assert "sellers: must be a mapping of names" in problem


@pytest.mark.parametrize("key", [ID, f'"{ID}"', f"'{ID}'"])
def test_an_id_needs_no_quotes(key: str) -> None:
    """All its digits are kept."""
    assert load_text(f"sellers: {{{key}: GlowLab}}\n" + ANY).sellers == {ID: "GlowLab"}


@pytest.mark.parametrize("operator", WHOLE_TEXT_OPERATORS, ids=lambda each: each.name)
def test_a_name_stands_for_the_id(operator: object) -> None:
    """In every operator that takes a whole text; the rule is the same as with the id."""
    name, takes = getattr(operator, "name"), getattr(operator, "takes")  # noqa: B009
    sellers = f'sellers: {{"{ID}": GlowLab, "{OTHER}": Other Shop}}\n'
    written = "[glowlab, {}]" if takes is Takes.TEXTS else "{}"
    by_name = RULES % f"{{{name}: {written.format('GlowLab')}}}"
    by_id = RULES % f"{{{name}: {written.replace('glowlab', ID).format(ID)}}}"
    named, plain = load_text(sellers + by_name).rules[0], load_text(by_id).rules[0]
    assert named.fingerprint == plain.fingerprint
    assert f"GlowLab ({ID})" in str(named.when)


def test_a_bare_name() -> None:
    """Without an operator it is "equals"."""
    book = load_text(f'sellers: {{"{ID}": GlowLab}}\n' + RULES % "GlowLab")
    assert book.rules[0].when.canonical() == f'seller_id in ["{ID}"]'


@pytest.mark.parametrize("written", ["GlowLub", "{in: [GlowLub]}", f"{{not_in: [{ID}, GlowLub]}}"])
def test_a_name_that_nobody_has(written: str) -> None:
    """Is said, with the nearest; without names any text is taken, as ever."""
    (problem,) = problems_of(f'sellers: {{"{ID}": GlowLab}}\n' + RULES % written)
    assert 'no name in sellers:, did you mean "GlowLab"?' in problem
    assert problems_of(RULES % written) == []


def test_parts_of_an_id_are_no_names() -> None:
    """``contains`` and ``matches`` look at the id as the source gives it."""
    book = load_text(
        f'sellers: {{"{ID}": GlowLab}}\n' + RULES % '{contains: "7495", matches: "^7"}'
    )
    assert "7495" in book.rules[0].when.canonical()
