"""Records of what people wrote, in words."""

from __future__ import annotations

from datetime import UTC

import pytest

from watcher.language import Language, spoken
from watcher.people import AuditRecord, Via, WriteKind
from watcher.text.audit import changes, done, kind_said, way


def _record(what: str, before: object = None, after: object = None) -> AuditRecord:
    return AuditRecord(1, 0, "ann", Via.PAGE, what, "7", before, after)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", WriteKind)
def test_every_kind_has_words(kind: WriteKind) -> None:
    """Of one record, and to choose by; a kind that is not known is told by its own word."""
    assert done(_record(kind)) != f"{kind} 7"
    assert kind_said(kind) != kind
    about_one = kind not in (WriteKind.PRUNE, WriteKind.EDIT_RULES)
    assert ("7" in done(_record(kind))) is about_one


def test_a_kind_of_another_version() -> None:
    """It is told by its own word."""
    assert done(_record("paint <b>")) == "paint <b> 7"
    assert kind_said("paint") == "paint"
    assert way(_record("paint")) == "on the page"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, {"rule": "x*", "ends": 1_700_000_000, "comment": ""},
         ["rule: x*", "ends: 2023-11-14 22:13 UTC"]),
        (None, {"ends": None}, ["ends: never"]),
        ({"note": "old"}, {"note": "new"}, ["note: old → new"]),
        ({"note": "old", "rule": "x"}, {"note": "old", "rule": "x"}, []),
        ({"dead": 3}, {"waiting": 3}, ["dead: 3 → waiting: 3"]),
        ({"role": "read"}, None, ["role: read"]),
        ({"acknowledged": 0}, {"acknowledged": None},
         ["acknowledged: 1970-01-01 00:00 UTC → none"]),
        ({"rows": {"credits": 1_200, "alerts": 1}}, None, ["rows: credits 1,200, alerts 1"]),
        ({"odd": "x" * 400}, None, ["odd: " + "x" * 299 + "…"]),
        (None, None, []),
        ({"ends": "?", "odd": [1, "<b>"]}, None, ["ends: ?", "odd: [1, '<b>']"]),
    ],
)  # fmt: skip
def test_what_it_changed(before: object, after: object, said: list[str]) -> None:
    """Only that; a value without another one stands by itself."""
    assert changes(_record("x", before, after), UTC) == said


def test_products_by_name_and_by_number() -> None:
    """Which they are is no number of them, where a language has two words for that."""
    with spoken(Language.CHINESE):
        (named,), (counted,) = (
            changes(_record("x", None, {"products": given}), UTC) for given in ("1729", 1_729)
        )
    assert named == "商品：1729"
    assert counted == "商品数：1,729"
