"""More rules at the end of a text: it stays what it was, and each section goes on."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from watcher.page_text import added
from watcher.rules.files.document import read

MORE = "watches:\n  new: {top: 9}\nrules:\n  - name: b\n    watch: new\n"
RULE = "  - name: a\n    watch: w\n"


def parsed(text: str) -> Mapping[str, object]:
    """The values of a text."""
    found = read(text, "page.yaml").value
    assert isinstance(found, Mapping)
    return found


@pytest.mark.parametrize(
    "text",
    [
        f"rules:\n{RULE}",
        "rules:\n- name: a\n  watch: w\n",
        f"rules: # mine\n\n  # the first\n{RULE}",
        f"rules:\n{RULE}# no more of them\n",
        f"rules:\n# - name: former\n{RULE}#   watch: w\n",
        "rules:\n    - name: a\n      watch: w\n",
        f"---\nrules:\n{RULE}",
        f"rules:\n{RULE}watches:\n  # lists\n    \n  w: {{top: 3}}\n",
        f"watches: {{}}\nrules:\n{RULE}\nreports:\n  d: {{at: '08:00', watch: w}}\n",
    ],
)
def test_sections_go_on(text: str) -> None:
    """However far to the right they are written, and wherever comments stand."""
    before, after = parsed(text), parsed(added(text, MORE))
    old, new = {"name": "a", "watch": "w"}, {"name": "b", "watch": "new"}
    assert before["rules"] == [old]
    assert after["rules"] == [old, new]
    watches = before.get("watches") or {}
    assert isinstance(watches, Mapping)
    assert after["watches"] == {**watches, "new": {"top": 9}}
    assert after.get("reports") == before.get("reports")


@pytest.mark.parametrize("text", ["", "# none yet\n", "rules:\n", "rules: []\n", "watches: { }\n"])
def test_where_there_are_none(text: str) -> None:
    """They are all there is."""
    assert {name: each for name, each in parsed(added(text, MORE)).items() if each} == parsed(MORE)
