"""The wheel and the sdist of the last commit: ``python -m tools.dist`` (``make dist``).

Anybody who builds the same commit with the tools that requirements.lock names gets the same
bytes. That is tried each time: two builds, in different folders, with different file modes and
times, and a third of the wheel, from the sdist alone. Their contents are compared with the
commit's, and their metadata checked as a package index would. Outside of a git repository (an
unpacked sdist) the folder as it is takes the commit's place.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.metadata import Metadata

from tools.contents import metadata, surplus_and_missing

ROOT = Path(__file__).parents[1]
_EPOCH = 1_767_225_600  # where no commit has a time: 2026-01-01


class Unfit(Exception):
    """Archives that must not be published: two builds differ, or what they hold is not right."""


def main() -> None:
    """Build, compare, and put the archives and their sums into ``dist/``."""
    parser = argparse.ArgumentParser(prog="python -m tools.dist", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the archives go")
    out = parser.parse_args().out
    try:
        for line in make(ROOT, out):
            sys.stdout.write(f"{line}\n")
    except subprocess.CalledProcessError as error:
        sys.exit(f"dist: {error}\n{(error.stderr or b'').decode()}")
    except Unfit as error:
        sys.exit(f"dist: {error}")


def make(root: Path, out: Path) -> list[str]:
    """The archives in ``out``, with ``SHA256SUMS``, whose lines are returned.

    Raises ``Unfit`` where a second build gives other bytes, or they hold too much or too little.
    """
    with TemporaryDirectory(prefix="watcher-dist-") as name:
        folder = Path(name)
        epoch = str(_commit_time(root))
        first, second = folder / "first", folder / "a longer name" / "second"
        for tree in (first, second):
            export(root, tree)
        _disturb(second)
        built = build(first, folder / "1", epoch, umask=0o022)
        _compare(built, build(second, folder / "2", epoch, umask=0o077))
        _compare(_wheels(built), build(_unpacked(built, folder), folder / "3", epoch, umask=0o022))
        _check([folder / "1" / name for name in built], first)
        return _publish(built, folder / "1", out)


def export(root: Path, to: Path) -> None:
    """The last commit's files, without what lies beside them; all files where there is no git."""
    to.mkdir(parents=True)
    if _commit(root):
        archive = _run(["git", "archive", "--format=tar", "HEAD"], root)
    else:
        archive = _run(["tar", "-c", "--exclude=./.venv", "--exclude=./dist", "."], root)
    subprocess.run(["tar", "-x"], cwd=to, input=archive, check=True)


def build(tree: Path, out: Path, epoch: str, *, umask: int) -> dict[str, str]:
    """Build both archives of ``tree``; their SHA-256 by name."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": epoch}
    command = [sys.executable, "-m", "build", "--no-isolation", "--sdist", "--wheel"]
    subprocess.run(
        [*command, "--outdir", str(out), str(tree)],
        env=environment,
        umask=umask,
        capture_output=True,
        check=True,
    )
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()}


def _disturb(tree: Path) -> None:
    """Other times and modes, as another clone has them."""
    for path in tree.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o700 if path.is_dir() else 0o600)


def _unpacked(built: Mapping[str, str], folder: Path) -> Path:
    (sdist,) = (name for name in built if name.endswith(".tar.gz"))
    with tarfile.open(folder / "1" / sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    return folder / "unpacked" / sdist.removesuffix(".tar.gz")


def _wheels(built: Mapping[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in built.items() if name.endswith(".whl")}


def _compare(one: Mapping[str, str], other: Mapping[str, str]) -> None:
    for name, digest in one.items():
        if other.get(name) != digest:
            raise Unfit(f"{name} comes out differently the second time")


def _check(archives: list[Path], tree: Path) -> None:
    wrong = [line for archive in archives for line in surplus_and_missing(tree, archive)]
    if wrong:
        raise Unfit("; ".join(wrong))
    for archive in archives:
        try:
            Metadata.from_email(metadata(archive), validate=True)
        except ExceptionGroup as error:
            raise Unfit(f"{archive.name}: {'; '.join(map(str, error.exceptions))}") from None


def _publish(built: Mapping[str, str], folder: Path, out: Path) -> list[str]:
    out.mkdir(parents=True, exist_ok=True)
    lines = [f"{digest}  {name}" for name, digest in sorted(built.items())]
    for name in built:
        (out / name).write_bytes((folder / name).read_bytes())
    (out / "SHA256SUMS").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return lines


def _commit(root: Path) -> str:
    """The last commit of the repository whose top ``root`` is; "" where it is none's."""
    if not (root / ".git").exists():
        return ""
    return _run(["git", "rev-parse", "HEAD"], root).decode().strip()


def _commit_time(root: Path) -> int:
    """Unix seconds that stand in the archives."""
    if not _commit(root):
        return int(os.environ.get("SOURCE_DATE_EPOCH", _EPOCH))
    return int(_run(["git", "log", "-1", "--format=%ct"], root))


def _run(command: list[str], folder: Path) -> bytes:
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True).stdout


if __name__ == "__main__":
    main()
