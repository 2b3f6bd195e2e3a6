"""Which texts are shown, and how: by what is read in the end."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import ImageFont, features
from PIL.ImageFont import Layout

from tests.charts.pictures import opened, png
from watcher.charts.lettering import SHIPPED, Fonts, Lettering
from watcher.charts.picture import Panel, name_of

NO_FOLDERS: tuple[str, ...] = ()
shaping = pytest.mark.skipif(not features.check_feature("raqm"), reason="no FriBiDi here")


def read(text: str, *, room: float = 2_000, fonts: Fonts | None = None) -> str | None:
    """What stands there in the end, by the shipped fonts alone; None where nothing does."""
    line = Lettering(fonts or Fonts(folders=NO_FOLDERS)).line(text, 30, room)
    return line.text if line else None


class _All(Fonts):
    """A machine with a font for each script, which has all of it."""

    def __init__(self, *, shaping: bool) -> None:
        super().__init__(folders=NO_FOLDERS, shaping=shaping)
        self._files = [SHIPPED[0]]
        self._likely = _Likely()

    def has(self, path: Path, text: str) -> bool:
        return path == SHIPPED[0]


class _Likely(dict[str, list[Path]]):
    """The same font, for every script."""

    def __contains__(self, script: object) -> bool:
        return True

    def __getitem__(self, script: str) -> list[Path]:
        return [SHIPPED[0]]


@pytest.mark.parametrize(
    "text",
    [
        "PureGlow Deluxe Face Serum", "Kem dưỡng ẩm trắng da chuyên sâu", "Crème brûlée à l'œuf",
        "Увлажняющая сыворотка", "Κρέμα προσώπου", "1,200 → 4,830 (+303%) · since 16 Nov",
        "₫ ₱ ฿ € £ ¥ ₽ №5 ½ ™",
    ],
)  # fmt: skip
def test_what_is_shipped_shows(text: str) -> None:
    """Latin with Vietnamese, Greek and Cyrillic need nothing of the machine."""
    assert read(text) == text


@shaping
def test_thai_is_shipped() -> None:
    """Its vowels and tones are stacked, which needs shaping."""
    assert read("ครีม PureGlow ที่สุด") == "ครีม PureGlow ที่สุด"


@pytest.mark.parametrize("text", ["ครีมบำรุงผิว", "سيروم فيتامين", "סרום לפנים", "ग्लो सीरम"])
def test_what_needs_shaping_is_not_shown_without(text: str) -> None:
    """Letters side by side would be broken: no text is better, whatever fonts there are."""
    assert read(text, fonts=_All(shaping=False)) is None
    assert read(text, fonts=_All(shaping=True)) == text


def test_a_currencys_sign_needs_no_shaping() -> None:
    """The baht's stands among the letters of Thai, which do."""
    assert read("฿ 990", fonts=Fonts(folders=NO_FOLDERS, shaping=False)) == "฿ 990"


@pytest.mark.parametrize(
    "text",
    ["精华液官方", "ビタミンC美容液", "비타민 세럼", "سيروم", "🔥🔥🔥", "", "  \u202e\x00", "!?"],
)
def test_what_no_font_shows_is_none(text: str) -> None:
    """Neither is a text of ornaments alone, or one of nothing."""
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("🔥 HOT Serum 50% OFF 🇺🇸", "HOT Serum 50% OFF"),
        ("Serum 👩‍👩‍👧 1️⃣ ⬛Best", "Serum 1 Best"),
        ("【Official】PureGlow", "Official PureGlow"),
        ("ＳＡＬＥ 𝐒𝐚𝐥𝐞 ①", "SALE Sale 1"),
        ("PureGlow 精华液 30ml", "PureGlow … 30ml"),
        ("e\u0301le\u0300ve", "élève"),
        ("a\x00b\x1b[31m\u202ec", "a b [31mc"),
        ("Z\u0338\u0338\u0338\u0338\u0338a\u035f\u035f\u035f", "Z\u0338a\u035f"),
        ("@everyone <!channel>", "@everyone <!channel>"),
    ],
)
def test_what_is_left_out_leaves_the_rest(text: str, shown: str) -> None:
    """Pictograms and brackets go, letters without a font are an ellipsis, look-alikes plain."""
    assert read(text) == shown


def test_a_text_that_is_mostly_missing_is_none() -> None:
    """``… a`` of a Chinese name would name nothing."""
    assert read("精华液官方正品 A1") is None


def test_a_long_text_is_cut_to_its_room() -> None:
    """The ellipsis has room, too, and more of the text would not."""
    letters = Lettering(Fonts(folders=NO_FOLDERS))
    line = letters.line("A" * 500, 30, 400)
    assert line
    longer = letters.plain("A" + line.text, 30)
    assert line.text.endswith("A…")
    assert line.width <= 400 < longer.width


@pytest.mark.parametrize("room", [0, 1, 20, 40])
def test_hardly_any_room_is_no_error(room: float) -> None:
    """An ellipsis is the least."""
    assert (read("PureGlow", room=room) or "…").endswith("…")


@shaping
def test_a_font_of_the_machine_is_found_by_the_name_of_its_script(tmp_path: Path) -> None:
    """As Debian, Fedora and Arch name them; a bold one or another script's is not taken."""
    folder = tmp_path / "truetype" / "noto"
    folder.mkdir(parents=True)
    shutil.copy(SHIPPED[1], folder / "NotoSansThai-Regular.ttf")
    shutil.copy(SHIPPED[1], folder / "NotoSansThai-Bold.ttf")
    shutil.copy(SHIPPED[0], folder / "NotoSansArabic-Regular.ttf")
    (folder / "NotoSansCJK-Medium.ttc").write_bytes(b"no font at all")
    fonts = Fonts(shipped=SHIPPED[:1], folders=[tmp_path])
    assert read("ครีม", fonts=fonts) == "ครีม"
    assert fonts.elsewhere("ค") == folder / "NotoSansThai-Regular.ttf"
    assert read("سيروم", fonts=fonts) is None
    assert read("精华液", fonts=fonts) is None


def test_a_font_with_programs_in_its_glyphs_is_not_opened(tmp_path: Path) -> None:
    """FreeType 2.14.3 writes past its memory in those of DejaVu: the process would end."""
    hinted, collection = tmp_path / "NotoSansThai-Regular.ttf", tmp_path / "NotoSansThai-Medium.ttc"
    data = SHIPPED[1].read_bytes().replace(b"GDEF", b"fpgm", 1)
    hinted.write_bytes(data)
    collection.write_bytes(b"ttcf\0\1\0\0\0\0\0\1\0\0\0\x10" + data)
    fonts = Fonts(folders=NO_FOLDERS)
    assert not fonts.has(hinted, "ค")
    assert not fonts.has(collection, "ค")


def test_a_missing_folder_is_no_error(tmp_path: Path) -> None:
    """Machines without fonts have none of them."""
    assert read("PureGlow", fonts=Fonts(folders=[tmp_path / "none", "~/none"])) == "PureGlow"


def test_a_name_that_is_read_from_the_right_needs_one_font_for_all_of_it() -> None:
    """In pieces its words would stand in the wrong order."""
    text = "عطر 50ml Oud فاخر"
    line = Lettering(_All(shaping=True)).line(text, 30, 2_000)
    assert line is not None
    assert (line.text, len(line.runs)) == (text, 1)
    assert read(text, fonts=Fonts(folders=NO_FOLDERS, shaping=True)) is None


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_probe_knows_what_a_font_lacks(path: Path) -> None:
    """No shipped font has Chinese; both have their own letters."""
    fonts = Fonts(folders=NO_FOLDERS)
    assert not fonts.has(path, "精")
    assert fonts.has(path, "ค" if "Thai" in path.name else "ệ")


def test_the_main_font_has_all_of_ascii() -> None:
    """It is not asked for these."""
    font = ImageFont.truetype(SHIPPED[0], 12, layout_engine=Layout.BASIC)
    lacking = bytes(font.getmask("\U0010fffe"))
    assert [each for each in map(chr, range(33, 127)) if bytes(font.getmask(each)) == lacking] == []


def test_the_fonts_licenses_are_shipped_with_them() -> None:
    """As the Open Font License asks."""
    texts = [(path.parent / f"LICENSE-{path.stem.split('-')[0]}.txt").read_text()
             for path in SHIPPED]  # fmt: skip
    assert all("SIL OPEN FONT LICENSE Version 1.1" in text for text in texts)


@pytest.mark.parametrize(
    ("product_id", "shown"),
    [("1729384756102934821", "…4821"), ("", "(no name)"), ("精<1>2", "…12")],
)
def test_a_name_without_a_font_is_the_end_of_the_id(product_id: str, shown: str) -> None:
    """Never empty boxes."""
    panel = Panel("精华液", (), product_id=product_id)
    assert name_of(panel, Lettering(Fonts(folders=NO_FOLDERS)), 400).text == shown


def test_a_name_without_a_font_is_drawn_as_its_id() -> None:
    """The same picture as of a product that is named so."""
    fonts = Fonts(folders=NO_FOLDERS)
    drawn = png(Panel("精华液", (), number=3, product_id="99004821"), fonts=fonts)
    assert opened(drawn).width == 1080
    assert drawn == png(Panel("…4821", (), number=3), fonts=fonts)
