"""What a release's archives may hold; that they are built is tried by ``make dist`` itself."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from tools.contents import surplus_and_missing
from tools.dist import export

FILES = {"watcher/__init__.py": "1", "watcher/page.html": "2", "tests/test.py": "3", ".ci/run": "4"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree as of a commit."""
    for name, text in FILES.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "tree"


def test_a_wheel(tree: Path) -> None:
    """The package, its data too, and the metadata; nothing else."""
    wheel = tree.parent / "watcher-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("watcher/__init__.py", "1")
        archive.writestr("watcher/rules.yaml", "a secret")
        archive.writestr("watcher-1.dist-info/METADATA", "")
    assert list(surplus_and_missing(tree, wheel)) == [
        f"{wheel.name} has watcher/rules.yaml",
        f"{wheel.name} lacks watcher/page.html",
    ]


def test_an_sdist(tree: Path) -> None:
    """All of the tree but the CI's own, and the metadata."""
    (tree / "PKG-INFO").write_text("", encoding="utf-8")
    sdist = tree.parent / "watcher-1.tar.gz"
    with tarfile.open(sdist, "w:gz") as archive:
        for name in ("PKG-INFO", "watcher/__init__.py", "watcher/page.html", ".ci/run"):
            archive.add(tree / name, f"watcher-1/{name}")
    (tree / "PKG-INFO").unlink()
    assert list(surplus_and_missing(tree, sdist)) == [
        f"{sdist.name} has .ci/run",
        f"{sdist.name} lacks tests/test.py",
    ]


def test_only_what_is_committed_goes_in(tree: Path, tmp_path: Path) -> None:
    """Not what lies beside it: a rule file, a key."""
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@localhost", "-C", str(tree))
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "x")):
        subprocess.run([*git, *command], check=True)
    (tree / "secrets").write_text("KEY", encoding="utf-8")
    (tree / "tests/test.py").write_text("changed", encoding="utf-8")
    export(tree, tmp_path / "out")
    found = {path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*.*")}
    assert {str(path) for path in found if path.suffix} == set(FILES) - {".ci/run"}
    assert (tmp_path / "out/tests/test.py").read_text("utf-8") == "3"
