"""What the archives must hold, and nothing else: compared with the tree they are made of."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

# Of the repository, but of no use to who unpacks an sdist.
_LEFT_OUT = (".ci/",)
_ADDED = {"PKG-INFO"}


def surplus_and_missing(tree: Path, archive: Path) -> Iterator[str]:
    """A line for each file that ``archive`` (a wheel or an sdist) should not have, or lacks."""
    if archive.suffix == ".whl":
        found, wanted = set(_of_wheel(archive)), set(_files(tree / "watcher", tree))
    else:
        found, wanted = set(_of_sdist(archive)), set(_files(tree, tree)) | _ADDED
    yield from (f"{archive.name} has {name}" for name in sorted(found - wanted))
    yield from (f"{archive.name} lacks {name}" for name in sorted(wanted - found))


def _files(folder: Path, tree: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        name = path.relative_to(tree).as_posix()
        if path.is_file() and not name.startswith(_LEFT_OUT):
            yield name


def _of_wheel(archive: Path) -> Iterator[str]:
    """The package's files; the metadata beside them is the build tool's."""
    with zipfile.ZipFile(archive) as wheel:
        yield from (name for name in wheel.namelist() if ".dist-info/" not in name)


def _of_sdist(archive: Path) -> Iterator[str]:
    with tarfile.open(archive) as sdist:
        yield from (each.name.partition("/")[2] for each in sdist if each.isfile())


def metadata(archive: Path) -> bytes:
    """What the archive says of itself to a package index."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            (name,) = (each for each in wheel.namelist() if each.endswith(".dist-info/METADATA"))
            return wheel.read(name)
    with tarfile.open(archive) as sdist:
        (member,) = (
            each for each in sdist if each.name.count("/") == 1 and "PKG-INFO" in each.name
        )
        found = sdist.extractfile(member)
        return found.read() if found else b""
