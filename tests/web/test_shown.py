"""Pages hold no control characters: they are read by curl in a terminal, too."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from markupsafe import Markup

from tests.web.conftest import Furnished
from tests.web.serving import serving
from watcher.web.rendering import shown

EVIL = "\x1b[31mred\x1b]0;title\x07\x9b2J\u202eturned\u2066\x00\x08\rnext\u2028line\x7f"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def test_what_is_taken_out() -> None:
    """What joins emoji and Persian words stays, and so do lines; so does what is no text."""
    assert CONTROL.search(str(shown(EVIL))) is None
    for kept in ("👩‍👩‍👧", "می‌خواهم", "two\n\tlines", 3, None, Markup("<b>")):
        assert shown(kept) is kept


@pytest.mark.parametrize("path", ["", "alerts", "products", "rules", "outbox", "products/US/1"])
async def test_no_page_has_any(furnished: Furnished, tmp_path: Path, path: str) -> None:
    """Of what a seller called a product."""
    copy = Path(shutil.copy(furnished.path, tmp_path))
    with closing(sqlite3.connect(copy)) as conn:
        conn.execute("UPDATE products SET product_name = ?", (EVIL,))
        conn.commit()
    async with serving(copy, furnished) as served:
        status, text = await served.get(path)
    assert status == 200
    assert CONTROL.search(text) is None
    assert path in ("products", "rules", "outbox") or "[31mred" in text
