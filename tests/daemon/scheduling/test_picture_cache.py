"""Pictures on disk: what stays, what goes, and what nobody is harmed by."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from watcher.daemon.scheduling.picture_cache import (
    LIMIT,
    PictureCache,
    cache_folder,
    picture_key,
)
from watcher.store.places import Server

KEYS = [picture_key(f"https://bucket.example/{number}.webp") for number in range(20)]
PICTURE = b"\xff\xd8" + b"x" * 998  # 1,032 bytes with its digest
_WRITER = """
import sys
from pathlib import Path
from watcher.daemon.scheduling.picture_cache import PictureCache, picture_key
cache = PictureCache(Path(sys.argv[1]), keep_free=0)
print("begun", flush=True)
number = 0
while True:
    number += 1
    cache.put(picture_key(str(number % 50)), bytes([number % 256]) * 900_000)
"""


def cache_in(folder: Path, pictures: float = 1_000) -> PictureCache:
    """One with room for so many."""
    return PictureCache(folder, limit=int(pictures * 1_032), keep_free=0)


def test_what_was_put_in_is_there(tmp_path: Path) -> None:
    """For another process, too; readable by nobody else."""
    cache = cache_in(tmp_path / "a" / "b")
    assert cache.get(KEYS[0]) is None
    cache.put(KEYS[0], PICTURE)
    assert cache_in(tmp_path / "a" / "b").get(KEYS[0]) == PICTURE
    assert cache.get(KEYS[1]) is None
    assert cache.size() == 1_032
    (file,) = (tmp_path / "a" / "b").rglob("*.picture")
    assert (file.stat().st_mode & 0o77, file.parent.stat().st_mode & 0o77) == (0, 0)
    assert LIMIT == 200 * 2**20


def test_the_least_recently_used_goes(tmp_path: Path) -> None:
    """What was looked at stays, however early it came."""
    cache = cache_in(tmp_path, 10)
    for key in KEYS[:10]:
        cache.put(key, PICTURE)
    age(tmp_path)
    assert cache.get(KEYS[0]) == PICTURE
    cache.put(KEYS[10], PICTURE)
    assert cache.size() <= 10 * 1_032
    there = [key for key in KEYS[:11] if cache.get(key) is not None]
    assert {KEYS[0], KEYS[10]} < {*there}
    assert len(there) == 9
    assert KEYS[1] not in there


def age(folder: Path) -> None:
    """Set back when each was used, in the order of putting."""
    for place, key in enumerate(KEYS):
        file = folder / key[:2] / f"{key}.picture"
        if file.exists():
            os.utime(file, (1_000 + place, 1_000 + place))


def test_what_others_put_in_is_counted(tmp_path: Path) -> None:
    """Two processes of which neither sees the other's puts stay below the limit together."""
    one, two = cache_in(tmp_path, 5), cache_in(tmp_path, 5)
    for key in KEYS[:5]:
        one.put(key, PICTURE)
    for key in KEYS[5:10]:
        two.put(key, PICTURE)
    assert one.size() <= 5 * 1_032


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes()[:-1]),
        lambda file: file.write_bytes(b"\0" + file.read_bytes()[1:]),
        lambda file: file.write_bytes(file.read_bytes() + b"<script>"),
        lambda file: file.write_bytes(b"foreign" * 400_000),
    ],
)
def test_a_spoilt_file_is_no_picture(tmp_path: Path, spoil: object) -> None:
    """It is thrown away, and another one takes its place."""
    cache = cache_in(tmp_path)
    cache.put(KEYS[0], PICTURE)
    (file,) = tmp_path.rglob("*.picture")
    spoil(file)  # type: ignore[operator]
    assert cache.get(KEYS[0]) is None
    assert not file.exists()
    cache.put(KEYS[0], PICTURE)
    assert cache.get(KEYS[0]) == PICTURE


def test_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    """Files, links and folders of others; but not what nobody finished an hour ago."""
    cache = cache_in(tmp_path, 3)
    cache.put(KEYS[0], PICTURE)
    (own,) = tmp_path.rglob("*.picture")
    outside = tmp_path / "outside"
    outside.write_bytes(own.read_bytes())
    link = tmp_path / KEYS[1][:2] / f"{KEYS[1]}.picture"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside)
    foreign, begun, stale = (own.parent / name for name in ("notes", ".begun-1", ".begun-2"))
    for each in (foreign, begun, stale):
        each.write_bytes(b"x")
    os.utime(stale, (time.time() - 3_601,) * 2)
    (tmp_path / KEYS[2][:2] / f"{KEYS[2]}.picture").mkdir(parents=True)
    assert cache.get(KEYS[1]) is None
    cache.put(KEYS[2], PICTURE)
    for key in KEYS[3:10]:
        cache.put(key, PICTURE)
    assert outside.exists()
    assert link.is_symlink()
    assert foreign.exists()
    assert begun.exists()
    assert not stale.exists()
    assert cache.get(KEYS[2]) is None


@pytest.mark.parametrize("key", ["../../../etc/passwd", "a" * 31, "A" * 32, "", "a" * 32 + "/.."])
def test_a_key_is_no_path(tmp_path: Path, key: str) -> None:
    """What is no key is not there, and can't be put in."""
    cache = cache_in(tmp_path)
    cache.put(key, PICTURE)
    assert cache.get(key) is None
    assert [*tmp_path.iterdir()] == []


def test_a_full_disk_is_left_alone(tmp_path: Path) -> None:
    """And a folder that can't be made, or no folder at all."""
    full = PictureCache(tmp_path / "full", keep_free=2**62)
    full.put(KEYS[0], PICTURE)
    assert [*tmp_path.rglob("*.picture")] == []
    (tmp_path / "file").write_text("x")
    for cache in (PictureCache(tmp_path / "file" / "below"), PictureCache(None)):
        cache.put(KEYS[0], PICTURE)
        assert cache.get(KEYS[0]) is None
        assert cache.size() == 0


def test_no_room_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fills up just then: nothing is left of it."""

    def full(_self: Path, _target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    cache = cache_in(tmp_path)
    cache.put(KEYS[0], PICTURE)
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


@pytest.mark.end_to_end
def test_a_kill_leaves_no_half_picture(tmp_path: Path) -> None:
    """However often: each that is there is whole."""
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            while not [*tmp_path.rglob("*.picture")]:
                assert writer.poll() is None
            writer.send_signal(signal.SIGKILL)
    cache = PictureCache(tmp_path, keep_free=0)
    files = [*tmp_path.rglob("*.picture")]
    assert files
    assert all(cache.get(each.stem) is not None for each in files)


@pytest.mark.parametrize(
    ("place", "environment", "folder"),
    [
        (Path("/data/w.db"), {}, "/data/w.db-pictures"),
        (Path("/data/w.db"), {"HOME": "/home/me"}, "/data/w.db-pictures"),
        (Path("/data/w.db"), {"CACHE_DIRECTORY": "/var/cache/w:/b"}, "/var/cache/w/pictures"),
        (Server("postgresql://h/d"), {"CACHE_DIRECTORY": "/c"}, "/c/pictures"),
        (Server("postgresql://h/d"), {"XDG_CACHE_HOME": "/x"}, "/x/watcher/pictures"),
        (Server("postgresql://h/d"), {"HOME": "/me"}, "/me/.cache/watcher/pictures"),
        (Server("postgresql://h/d"), {"XDG_CACHE_HOME": "x", "HOME": ""}, None),
    ],
)
def test_where_they_are(
    place: Path | Server, environment: dict[str, str], folder: str | None
) -> None:
    """Beside the database's file, or where a service manager or the user's home has a place."""
    found = cache_folder(place, environment)
    assert (str(found) if found is not None else None) == folder
