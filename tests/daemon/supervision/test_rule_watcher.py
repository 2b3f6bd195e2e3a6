"""Rule files on disk: what editors do to them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from watchfiles import Change

from watcher.daemon.supervision.rule_watcher import RuleFiles, RuleWatcher
from watcher.errors import RulesError
from watcher.rules.files.loading import load as load_rules


@asynccontextmanager
async def following(path: Path) -> AsyncIterator[asyncio.Semaphore]:
    """Counts the changes that are noticed while in the block."""
    changes = asyncio.Semaphore(0)

    async def changed() -> None:
        changes.release()

    files = RuleFiles(path)
    task = asyncio.create_task(RuleWatcher(files, changed, files.digest()).run())
    await asyncio.sleep(0)
    try:
        yield changes
    finally:
        task.cancel()
        await asyncio.wait({task})


def overwrite(path: Path) -> None:
    """As ``echo > rules.yaml``."""
    path.write_text("two")


def replace(path: Path) -> None:
    """As editors save: a new file is put in the old one's place."""
    fresh = path.with_name(".rules.yaml.swp")
    fresh.write_text("two")
    fresh.replace(path)


@pytest.mark.parametrize("save", [overwrite, replace])
async def test_a_saved_file_is_noticed(tmp_path: Path, save: Callable[[Path], None]) -> None:
    """However it is saved; a neighbour that changes is not."""
    path = tmp_path / "rules.yaml"
    path.write_text("one")
    async with following(path) as changes, asyncio.timeout(20):
        while changes.locked():  # until the folder is really watched
            (tmp_path / "watcher.db").write_text("x")
            save(path)
            path.touch()
            await asyncio.sleep(0.05)


async def test_a_swapped_link_is_noticed(tmp_path: Path) -> None:
    """As with a ConfigMap: the link leads to another folder from one moment to the next."""
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "rules.yaml").write_text("one")
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "rules.yaml").symlink_to("data/rules.yaml")
    async with following(tmp_path / "rules.yaml") as changes, asyncio.timeout(60):
        turn = 0
        while changes.locked():  # until the folder is really watched
            turn += 1
            # Each time other contents: on a busy machine several swaps are seen as one.
            folder = tmp_path / f"version {turn}"
            folder.mkdir()
            (folder / "rules.yaml").write_text(f"version {turn}")
            fresh = tmp_path / "fresh"
            fresh.symlink_to(folder.name)
            fresh.replace(tmp_path / "data")
            await asyncio.sleep(0.3)


def test_the_digest_follows_contents_only(tmp_path: Path) -> None:
    """A folder's files by name and contents; other files play no part."""
    files = RuleFiles(tmp_path)
    (tmp_path / "a.yaml").write_text("1")
    before = files.digest()
    (tmp_path / "watcher.db").write_text("x")
    (tmp_path / "a.yaml").touch()
    assert files.digest() == before
    (tmp_path / "b.yaml").write_text("2")
    assert files.digest() != before


NAMING = "facts: {file: lists/products.csv}\nrules: [{when: {a: {in: {file: ok.txt}}}}]\n"


def named(folder: Path) -> dict[str, Path]:
    """A rule file that names two others, and these."""
    (folder / "lists").mkdir()
    paths = {"facts": folder / "lists" / "products.csv", "list": folder / "ok.txt"}
    for path in paths.values():
        path.write_text("one")
    (folder / "rules.yaml").write_text(NAMING)
    return paths


def unlink(path: Path) -> None:
    """As it is removed, or moved away."""
    path.unlink()


@pytest.mark.parametrize("which", ["facts", "list"])
@pytest.mark.parametrize("save", [overwrite, replace, unlink])
async def test_a_file_that_rules_name_is_noticed(
    tmp_path: Path, which: str, save: Callable[[Path], None]
) -> None:
    """In whatever folder, however it is saved, and that it is gone; at once, by the system's word,
    for the watcher itself looks once an hour here."""
    path = named(tmp_path)[which]
    changes = asyncio.Semaphore(0)

    async def changed() -> None:
        changes.release()

    files = RuleFiles(tmp_path / "rules.yaml")
    watcher = RuleWatcher(files, changed, files.digest(), look=3_600.0)
    task = asyncio.create_task(watcher.run())
    async with asyncio.timeout(20):
        while changes.locked():  # until the folders are really watched
            if path.exists():
                save(path)
            else:
                path.write_text("back")
            await asyncio.sleep(0.3)
    task.cancel()
    await asyncio.wait({task})


def test_the_digest_follows_what_rules_name(tmp_path: Path) -> None:
    """While they name it, whether it is there or not; its neighbours play no part."""
    paths, files = named(tmp_path), RuleFiles(tmp_path / "rules.yaml")
    seen = [files.digest()]
    (tmp_path / "other.csv").write_text("x")
    (tmp_path / "lists" / "other.csv").write_text("x")
    os.utime(paths["facts"])
    assert files.digest() == seen[0]
    for change in (
        lambda: paths["facts"].write_text("two"),
        paths["facts"].unlink,
        lambda: paths["list"].write_text("two"),
        lambda: (tmp_path / "rules.yaml").write_text("rules: []"),
    ):
        change()
        seen.append(files.digest())
    assert len(set(seen)) == len(seen)
    paths["list"].write_text("three")
    assert files.digest() == seen[-1]
    assert set(files.places()) == {tmp_path}


def test_no_file_is_another_than_an_empty_one(tmp_path: Path) -> None:
    """The one is made where the other was missing: that is news."""
    path = tmp_path / "rules.yaml"
    files = RuleFiles(path)
    gone = files.digest()
    path.touch()
    empty = files.digest()
    assert gone != empty


async def test_what_was_saved_before_it_was_watched_is_noticed(tmp_path: Path) -> None:
    """The contents are compared with those that were loaded, not with those first seen."""
    path = tmp_path / "rules.yaml"
    path.write_text("one")
    files, changes = RuleFiles(path), asyncio.Semaphore(0)
    loaded = files.digest()
    path.write_text("two")

    async def changed() -> None:
        changes.release()

    task = asyncio.create_task(RuleWatcher(files, changed, loaded).run())
    async with asyncio.timeout(20):
        await changes.acquire()
    task.cancel()
    await asyncio.wait({task})


async def test_a_pipe_in_the_files_place_holds_nothing_up(tmp_path: Path) -> None:
    """Nobody writes into it, so to read it would last for ever; the mended file is noticed."""
    path = tmp_path / "rules.yaml"
    path.write_text("one")
    async with following(path) as changes, asyncio.timeout(20):
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "pipe").replace(path)
        await changes.acquire()
        with pytest.raises(RulesError, match="pipe"):
            load_rules([path], {})
        replace(path)
        await changes.acquire()


def test_the_folders_to_watch(tmp_path: Path) -> None:
    """That of the file, and of what it leads to; one in another's place is another."""
    (tmp_path / "real").mkdir()
    link = tmp_path / "rules.yaml"
    link.symlink_to(Path("real") / "rules.yaml")
    (tmp_path / "real" / "rules.yaml").touch()
    files = RuleFiles(link)
    real = (tmp_path / "real").resolve()
    assert list(files.places()) == [tmp_path, real]
    assert files.places() == files.places()
    before = files.places()[real]
    (tmp_path / "real").rename(tmp_path / "old")
    assert files.places()[real] != before
    (tmp_path / "real").mkdir()
    assert files.places()[real] not in (before, (0, 0))
    folder = RuleFiles(tmp_path)
    assert list(folder.places()) == [tmp_path]


def test_what_concerns_the_rules(tmp_path: Path) -> None:
    """YAML files, the given name, and links: not the database beside them."""
    files = RuleFiles(tmp_path / "rules.conf")
    (tmp_path / "data").symlink_to("elsewhere")
    concerned = ["rules.conf", "more.yaml", "more.yml", "data"]
    others = ["watcher.db", "watcher.db-wal", "rules.conf.swp", "some.log"]
    names = [*concerned, *others]
    found = [n for n in names if files.concerns(Change.modified, str(tmp_path / n))]
    assert found == concerned


def test_a_look_does_not_take_what_a_pipe_gives() -> None:
    """As of ``--rules <(decrypt rules)``: it is there for the one who loads the rules."""
    reader, writer = os.pipe()
    try:
        os.write(writer, b"rules")
        RuleFiles(Path(f"/dev/fd/{reader}")).digest()
        assert os.read(reader, 10) == b"rules"
    finally:
        os.close(reader)
        os.close(writer)
