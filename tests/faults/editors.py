"""Files written as editors and service managers write them, and where a rulebook may lie."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.faults.editions import Edition, spoil
from tests.faults.writing import WAYS


class Layout(Protocol):
    """Where the rules lie; ``write`` says in which way it wrote them."""

    @property
    def path(self) -> Path: ...

    def write(self, edition: Edition, chance: random.Random) -> str: ...


def _write(path: Path, data: bytes | None, chance: random.Random) -> str:
    if data is None:
        path.unlink(missing_ok=True)
        return "removed"
    way = chance.choice(list(WAYS))
    WAYS[way](path, data)
    return way


def _content(edition: Edition) -> bytes | None:
    text = edition.core + edition.extra
    if edition.fault is None:
        return text.encode()
    return spoil(text, edition.fault, edition.number)


@dataclass
class OneFile:
    """``rules/rules.yaml``."""

    folder: Path

    def __post_init__(self) -> None:
        self.path.parent.mkdir()

    @property
    def path(self) -> Path:
        return self.folder / "rules" / "rules.yaml"

    def write(self, edition: Edition, chance: random.Random) -> str:
        return _write(self.path, _content(edition), chance)


@dataclass
class Mount:
    """A folder as Kubernetes mounts a ConfigMap: files are links into ``..data``, itself a link
    that is swapped to another folder."""

    folder: Path
    _generation: int = 0

    def swap(self, files: dict[str, bytes]) -> None:
        """All files at once; a link to one that is no more leads nowhere."""
        self._generation += 1
        fresh, data = self.folder / f"..{self._generation}", self.folder / "..data"
        old = data.resolve() if data.is_symlink() else None
        fresh.mkdir()
        for name, content in files.items():
            (fresh / name).write_bytes(content)
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(Path("..data") / name)
        beside = self.folder / "..data_tmp"
        beside.symlink_to(fresh.name)
        beside.replace(data)
        if old is not None:
            shutil.rmtree(old)


@dataclass
class LinkedFile:
    """``mount/rules.yaml``, by a ConfigMap."""

    folder: Path

    def __post_init__(self) -> None:
        self._mount = Mount(self.path.parent)
        self.path.parent.mkdir()

    @property
    def path(self) -> Path:
        return self.folder / "mount" / "rules.yaml"

    def write(self, edition: Edition, _chance: random.Random) -> str:
        content = _content(edition)
        self._mount.swap({} if content is None else {self.path.name: content})
        return "link swapped"


@dataclass
class Folder:
    """``rules/``: one file that stays, one that comes and goes, and one by a ConfigMap."""

    folder: Path
    _mapped: tuple[str, ...] = ("total_sale_30d_cnt", "total_sale_gmv_30d_amt")
    _mount: Mount = field(init=False)

    def __post_init__(self) -> None:
        self._mount = Mount(self.path)
        self.path.mkdir()

    @property
    def path(self) -> Path:
        return self.folder / "rules"

    def write(self, edition: Edition, chance: random.Random) -> str:
        """One of the ways that it took: each file has its own."""
        plain = tuple(sort for sort in edition.coming if sort not in self._mapped)
        linked = tuple(sort for sort in edition.coming if sort in self._mapped)
        texts: dict[str, str] = {
            "core.yaml": edition.core,
            "extra.yaml": _rules(edition, plain),
            "mapped.yaml": _rules(edition, linked) or "metrics: {own: spu_avg_price * 2}\n",
        }
        files: dict[str, bytes | None] = {
            name: text.encode() if text else None for name, text in texts.items()
        }
        if edition.fault is not None:
            broken = "core.yaml"
            if edition.fault not in ("gone", "twice", "key") and plain:
                broken = chance.choice(list(texts))
            files[broken] = spoil(texts[broken], edition.fault, edition.number)
        ways = [_write(self.path / n, files[n], chance) for n in ("core.yaml", "extra.yaml")]
        mapped = files["mapped.yaml"]
        self._mount.swap({"mapped.yaml": mapped} if mapped is not None else {})
        return chance.choice([*ways, "link swapped"])


def _rules(edition: Edition, coming: tuple[str, ...]) -> str:
    items = Edition(edition.number, "", coming).extra
    return f"# edition {edition.number}\nrules:\n{items}" if items else ""


LAYOUTS: dict[str, Callable[[Path], Layout]] = {
    "file": OneFile,
    "link": LinkedFile,
    "folder": Folder,
}
