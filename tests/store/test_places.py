"""Places: what ``--db`` may name, and that no password shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from watcher.store.places import Server, hide_password, parse_place, secrets_of, shown

GOOD = {
    "postgresql://w:geheim@db.example.com:5432/watcher": "w:***@db.example.com:5432/watcher",
    "postgres://w@h/d": "w@h/d",
    "postgresql://w:a#geheim@h/d": "w:***@h/d",
    "postgresql://w:%67eheim%40x@h/d": "w:***@h/d",
    "postgresql://h1:1,h2:2/d?password=geheim&target_session_attrs=any":
        "h1:1,h2:2/d?password=***&target_session_attrs=any",
    "postgresql://h/d?sslp%61ssword=geheim": "h/d?sslp%61ssword=***",
    "postgresql://[::1]:5/d": "[::1]:5/d",
    "postgresql:///d?host=/tmp": "/d?host=/tmp",
}  # fmt: skip
BAD = (
    "postgresql://w:geh/eim@h/d", "postgresql://w:gehe@eim@h/d", "postgresql://w:/geheim@h/d",
    "postgresql://w:geheim%zz@h/d", "postgresql://w:geheim%00@h/d", "postgresql://w:geheim",
    "postgresql://w:geheim@h:99999/d", "postgres:/w:geheim@h/d", "postgres:x",
    "mysql://u:geheim@h/d", "postgresql+psycopg://u:geheim@h/d", "POSTGRESQL://u:geheim@h/d",
    "sqlite:///x.db?password=geheim", "postgresql://u:geh/w@x?password=geheim", "postgres:geheim@h",
)  # fmt: skip
PARTS = ("geheim", "gehe", "eim", "geh")


@pytest.mark.parametrize("url", GOOD)
def test_a_server_shows_no_password(url: str) -> None:
    """Wherever the URL has it; all else of it shows."""
    place = parse_place(url, "a")
    assert place == Server(url, "a")
    assert shown(url) == f"{url.partition('://')[0]}://{GOOD[url]}"
    assert "geheim" not in f"{place} {place!r} {[place]}"
    assert f"{place}".endswith(", book a")


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_url_is_refused_without_its_password(text: str) -> None:
    """Not even a part of it shows where nobody can tell where it ends."""
    with pytest.raises(ValueError, match=r"write|is no port") as caught:
        parse_place(text)
    said = str(caught.value).partition(": ")[0] if "x.db" not in text else str(caught.value)
    assert not [part for part in PARTS if part in said], said


@pytest.mark.parametrize("text", ["watcher.db", "a:b.db", "./postgres:/x", "/postgresql://x", ""])
def test_all_else_is_a_path(text: str) -> None:
    """Also with a colon in it."""
    assert parse_place(text) == Path(text)


def test_the_password_is_known_as_it_is_written_and_meant() -> None:
    """But not where it is a name that shows anyway: stars in its place would tell it."""
    assert secrets_of("postgresql://w:g%40heim@h/d") == {"g%40heim", "g@heim"}
    assert secrets_of("postgresql://watcher:watcher@h/d?password=other-one") == {"other-one"}
    text = "connection to postgresql://w:g%40heim@h/d failed: g@heim is wrong"
    hidden = "connection to postgresql://w:***@h/d failed: *** is wrong"
    assert hide_password(text, "postgresql://w:g%40heim@h/d") == hidden
