"""Texts from anywhere, laid out in fonts that show them: never an empty box.

What no font shows is left out where a name says the same without (pictograms, punctuation),
and is an ellipsis where not. A text of which more than half would be missing is none at all.

Latin (with Vietnamese), Greek, Cyrillic and Thai are shipped. For other scripts the machine's
fonts are looked through, by the name of the script that Unicode gives a character: a file is
opened only if a text needs it. Whether a font has a character is asked of the font itself, by
comparing with the glyph that it draws for a character that no font has: reading its tables
would be exact too, but is sixty lines more or a large library.

A font whose glyphs bring programs of their own (hinted TrueType, as DejaVu) is never opened:
FreeType 2.14.3 writes past its memory while it runs those of DejaVu's Vietnamese letters, which
ends the process or worse, and Pillow has no way to leave them aside. The shipped ones have none,
nor have CFF fonts, as Noto Sans CJK, and most variable ones.
"""

from __future__ import annotations

import os
import struct
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property, partial
from itertools import groupby
from pathlib import Path

from PIL import ImageFont, features
from PIL.ImageFont import FreeTypeFont, Layout

from watcher.language import Language
from watcher.text.sanitize import neutralise, shorten

_HERE = Path(__file__).with_name("fonts")
SHIPPED = (_HERE / "Inter-Medium.ttf", _HERE / "NotoSansThai-Medium.ttf")
FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")

_NOBODYS = "\U0010fffe"  # a noncharacter: what a font shows for it, it shows for all it lacks
_MOST_FILES = 5_000
_MOST_OPENED = 8  # for one script
_MISSES = 3  # characters that no font has, until a script is given up
_ODD = ("italic", "oblique", "mono", "serif", "emoji", "math", "symbol", "condensed", "narrow")
_PLAIN = ("-regular", "-medium", "-vf", "[wght", "freesans.", "fallback", "unifont.")
# Of many scripts each, the best looking first.
_WIDE = ("notosanscjk", "sourcehansans", "droidsansfallback", "freesans.", "unifont.")

_EAST_ASIAN = frozenset(
    "cjk hiragana katakana katakana-hiragana hangul ideographic bopomofo fullwidth halfwidth "
    "kangxi left right".split()
)
# Scripts of which letters are joined, stacked, moved, or read from the right.
_SHAPED = ((0x0590, 0x109F), (0x1780, 0x18AF), (0x1900, 0x1CFF), (0xA800, 0xABFF),
           (0xFB1D, 0xFDFF), (0xFE70, 0xFEFF), (0x10800, 0x11FFF), (0x1E800, 0x1EFFF))  # fmt: skip
_JOINERS = "\u200c\u200d"
_NARROWEST = 0.3  # of its size: the width of a letter, in a word of narrow ones
_MOST_MARKS = 1  # on a letter of a script that is not shaped
_ELLIPSIS = "…"
# A font that has these has the letters of the language.
_LETTERS = {Language.CHINESE: "\u8fd1\u65e5\u9500\u989d\u4e07"}

Lettered = list[tuple[str, Path]]
"""Single characters, each with the font that shows it."""


class Fonts:
    """The fonts of one picture. Not for two threads at once: each picture has its own. ``shaping``
    is whether letters are joined and put in reading order; by default, if the machine can (Pillow
    brings libraqm, and takes FriBiDi from the system)."""

    def __init__(
        self,
        shipped: Sequence[Path] = SHIPPED,
        folders: Sequence[str | Path] = FOLDERS,
        shaping: bool | None = None,
    ) -> None:
        self.main = shipped[0]  # has all of ASCII
        self._shipped = shipped
        self._folders = folders
        self._shaping = features.check_feature("raqm") is True if shaping is None else shaping
        self._likely: dict[str, list[Path]] = {}
        self._misses = Counter[str]()
        self._probes: dict[Path, _Probe] = {}
        engine = Layout.RAQM if self._shaping else Layout.BASIC
        # Of a file and a size in pixels.
        self.sized = cache(partial(ImageFont.truetype, layout_engine=engine))

    def shipped(self, character: str, preferred: Path | None = None) -> Path | None:
        """The shipped font that shows ``character``; ``preferred`` is asked before these."""
        if character.isascii() and preferred in (None, self.main):
            return self.main
        if self._breaks(character):
            return None
        paths = filter(None, (preferred, *self._shipped))
        return next((path for path in paths if self.has(path, character)), None)

    def of(self, character: str) -> Path | None:
        """The font that shows ``character``, shipped or the machine's."""
        return self.shipped(character) or self.elsewhere(character)

    def elsewhere(self, character: str) -> Path | None:
        """The machine's font that shows ``character``."""
        name = script(character)
        # Pictograms and what stands only with them: a name says the same without.
        ornament = unicodedata.category(character) in ("So", "Sk", "Cn", "Cf")
        if ornament or self._misses[name] >= _MISSES:
            return None
        path = next((path for path in self.machines(character) if self.has(path, character)), None)
        self._misses[name] += path is None
        return path

    def machines(self, character: str) -> list[Path]:
        """The machine's fonts that may show the script of ``character``, the likeliest first."""
        if self._breaks(character):
            return []
        name = script(character)
        if name not in self._likely:
            self._likely[name] = self._of_script(name)
        return self._likely[name]

    def _of_script(self, name: str) -> list[Path]:
        named = [path for path in self._files if name and name in path.name.lower()]
        wide = [path for path in self._files if _breadth(path) < len(_WIDE)]
        return list(dict.fromkeys(named + wide))[:_MOST_OPENED]

    @cached_property
    def _files(self) -> list[Path]:
        return sorted(_listed(self._folders), key=_rank)

    def _breaks(self, character: str) -> bool:
        return is_shaped(character) and not self._shaping

    def has(self, path: Path, text: str) -> bool:
        """Whether the font shows every character of ``text``."""
        if path not in self._probes:
            self._probes[path] = _Probe(path)
        return all(map(self._probes[path].has, text))


class _Probe:
    """A font, small, asked for single glyphs: unshaped, for shaping joins and replaces them."""

    def __init__(self, path: Path) -> None:
        self._known: dict[str, bool] = {}
        self._font: FreeTypeFont | None = None
        with suppress(OSError, ValueError, struct.error):  # no font, or one of pictures only
            if not _is_hinted(path):
                font = ImageFont.truetype(path, 12, layout_engine=Layout.BASIC)
                self._lacking = _look(font, _NOBODYS)
                self._font = font

    def has(self, character: str) -> bool:
        if self._font is not None and character not in self._known:
            looks = character.isspace() or _look(self._font, character) != self._lacking
            self._known[character] = looks
        return self._known.get(character, False)


def _look(font: FreeTypeFont, character: str) -> tuple[float, bytes]:
    return font.getlength(character), bytes(font.getmask(character))


def _is_hinted(path: Path) -> bool:
    """Whether the font, or the first of a collection, has the functions that hints are made of."""
    with path.open("rb") as file:
        head = file.read(16)
        if head.startswith(b"ttcf"):
            file.seek(struct.unpack(">I", head[12:])[0])
            head = file.read(16)
        tables = struct.unpack(">H", head[4:6])[0]
        file.seek(-4, os.SEEK_CUR)
        return any(file.read(16).startswith(b"fpgm") for _ in range(tables))


def _listed(folders: Sequence[str | Path]) -> Iterator[Path]:
    """Files of fonts that are upright, of normal weight, and for running text."""
    seen = 0
    for folder in folders:
        for base, _, names in os.walk(Path(folder).expanduser()):
            seen += len(names)
            if seen > _MOST_FILES:
                return
            yield from (Path(base, name) for name in names if _is_plain(name.lower()))


def _is_plain(name: str) -> bool:
    if not name.endswith((".ttf", ".otf", ".ttc")) or any(word in name for word in _ODD):
        return False
    return any(word in name for word in _PLAIN)


def _breadth(path: Path) -> int:
    name = path.name.lower()
    return next((place for place, start in enumerate(_WIDE) if name.startswith(start)), len(_WIDE))


def _rank(path: Path) -> tuple[bool, int, int, str]:
    """Noto's look best beside the shipped ones; of these the shortest name is the plainest."""
    return not path.name.startswith("Noto"), _breadth(path), len(path.name), str(path)


def script(character: str) -> str:
    """A word that the file names of fonts for it have: ``thai``, ``cjk``, ``devanagari``."""
    name = unicodedata.name(character, "").lower().split(" ")[0]
    return "cjk" if name in _EAST_ASIAN else name


def is_shaped(character: str) -> bool:
    """Whether it is broken where letters are only set one after the other: a currency's sign
    among them is not."""
    code = ord(character)
    within = any(first <= code <= last for first, last in _SHAPED)
    return within and unicodedata.category(character) != "Sc"


def is_right_to_left(character: str) -> bool:
    """Whether it turns the reading direction."""
    return unicodedata.bidirectional(character) in ("R", "AL", "AN")


def is_letter(character: str) -> bool:
    """Whether a name can't be read without it."""
    return unicodedata.category(character)[0] in "LN"


def clusters(text: str) -> Iterator[str]:
    """Characters with the marks upon them, and with the joiners that shape them."""
    held = ""
    for character in text:
        if held and not _stays(character, held):
            yield held
            held = ""
        held += character
    if held:
        yield held


def _stays(character: str, held: str) -> bool:
    """Whether it stands upon the letter before it, or shapes it."""
    upon = unicodedata.category(character)[0] == "M"
    return upon or (character in _JOINERS and is_shaped(held[0]))


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch in one font; ``x`` is its place in the text, in pixels."""

    x: float
    text: str
    font: FreeTypeFont


@dataclass(frozen=True, slots=True)
class Line:
    """A text that is ready to be drawn. ``width`` is in pixels."""

    runs: tuple[Run, ...]
    width: float

    @property
    def text(self) -> str:
        """The text as it will be read."""
        return "".join(run.text for run in self.runs)


def lettered(wanted: Language, fonts: Fonts) -> Language:
    """The language that a picture's own words can be in: the one that is wanted, or English where
    no font here has its letters."""
    shown = all(fonts.of(each) is not None for each in _LETTERS.get(wanted, ""))
    return wanted if shown else Language.ENGLISH


class Lettering:
    """Lays out texts in the given fonts."""

    def __init__(self, fonts: Fonts) -> None:
        self._fonts = fonts

    def line(self, text: str, size: int, room: float) -> Line | None:
        """``text`` in letters of ``size``, cut to ``room``, in pixels; None where no fonts show
        enough of it.
        """
        # Bounded first: what has no room need not be looked up.
        harmless = neutralise(text, int(room / size / _NARROWEST) + 1)
        lettered = self._lettered(unicodedata.normalize("NFC", harmless))
        if not lettered:
            return None
        line = self._laid(lettered, size)
        if line.width <= room:
            return line
        lengths = range(1, len(lettered))
        fits = bisect_right(
            lengths, room, key=lambda longest: self._laid(self._cut(lettered, longest), size).width
        )
        return self._laid(self._cut(lettered, max(fits, 1)), size)

    def plain(self, text: str, size: int) -> Line:
        """Our own text, that the main font shows, or in another language those of ``lettered``."""
        main = self._fonts.main
        if text.isascii():
            return self._laid([(character, main) for character in text], size)
        return self._laid([(each, self._fonts.of(each) or main) for each in text], size)

    def _laid(self, lettered: Lettered, size: int) -> Line:
        runs, x = [], 0.0
        for path, stretch in groupby(lettered, key=lambda each: each[1]):
            text = "".join(character for character, _ in stretch)
            font = self._fonts.sized(path, size)
            runs.append(Run(x, text, font))
            x += font.getlength(text)
        return Line(tuple(runs), x)

    def _cut(self, lettered: Lettered, longest: int) -> Lettered:
        kept = len(shorten("".join(character for character, _ in lettered), longest)) - 1
        path = lettered[max(kept - 1, 0)][1]
        path = path if self._fonts.has(path, _ELLIPSIS) else self._fonts.main
        return [*lettered[:kept], (_ELLIPSIS, path)]

    def _lettered(self, text: str) -> Lettered:
        whole = self._in_one_font(text) if any(map(is_right_to_left, text)) else []
        return whole or self._in_pieces(text)

    def _in_pieces(self, text: str) -> Lettered:
        """Each letter in a font that shows it; empty where as many letters are lost as shown."""
        found: Lettered = []
        surplus = 0  # of letters that are shown
        for cluster in clusters(text):
            if unicodedata.category(cluster[0]) == "Cf":
                continue  # of no width
            shown = self._cluster(cluster, found[-1][1] if found else None)
            if is_letter(cluster[0]):
                surplus += 1 if shown else -1
            shown = shown or [(_gap(cluster[0]), self._fonts.main)]
            if not _repeats(shown[0][0], found):
                found += shown
        return _trimmed(found) if surplus > 0 else []

    def _cluster(self, cluster: str, before: Path | None) -> Lettered:
        """A letter with its marks in one font; empty where there is none."""
        base = cluster[0]
        if base.isspace():
            return [(" ", before or self._fonts.main)]
        if is_right_to_left(base):
            return []  # not in pieces: they would stand in the wrong order
        path = self._fonts.shipped(base, before)
        if path is None and (simple := self._simplified(base)):
            return simple
        path = path or self._fonts.elsewhere(base)
        return self._marked(cluster, path) if path is not None else []

    def _marked(self, cluster: str, path: Path) -> Lettered:
        base, marks = cluster[0], cluster[1:]
        kept = marks if is_shaped(base) else marks[:_MOST_MARKS]
        return [(base, path), *((mark, path) for mark in kept if self._fonts.has(path, mark))]

    def _simplified(self, base: str) -> Lettered:
        """A compatible text that the main font shows, as "fi" of its ligature; else empty."""
        simple, main = unicodedata.normalize("NFKC", base), self._fonts.main
        if simple == base or not self._fonts.has(main, simple):
            return []
        return [(character, main) for character in simple]

    def _in_one_font(self, text: str) -> Lettered:
        """All of a text that is read from the right, less its ornaments; empty where none can."""
        turning = next(filter(is_right_to_left, text))
        needed = "".join(each for each in text if unicodedata.category(each)[0] not in "SC")
        for path in self._fonts.machines(turning):
            if self._fonts.has(path, needed + _ELLIPSIS):
                shown = (each if self._fonts.has(path, each) else " " for each in text)
                return _trimmed([(each, path) for each in shown])
        return []


def _gap(lost: str) -> str:
    return _ELLIPSIS if is_letter(lost) else " "


def _repeats(sign: str, found: Lettered) -> bool:
    """Whether one like it is enough, as of what is left out in a row."""
    return sign in (_ELLIPSIS, " ") and bool(found) and found[-1][0] == sign


def _trimmed(lettered: Sequence[tuple[str, Path]]) -> Lettered:
    text = "".join(character for character, _ in lettered)
    begin = len(text) - len(text.lstrip())
    return list(lettered[begin : len(text.rstrip())])
