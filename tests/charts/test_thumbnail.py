"""Pictures made small: what is taken, what is not, and what goes along."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from watcher.charts.thumbnail import SIDE, thumbnail


def picture(
    kind: str, size: tuple[int, int] = (600, 300), mode: str = "RGB", **how: object
) -> bytes:
    """A picture in red."""
    written = BytesIO()
    red = {"RGBA": (255, 0, 0, 255), "L": 90, "P": 1, "CMYK": (0, 255, 255, 0)}
    Image.new(mode, size, red.get(mode, (255, 0, 0))).save(written, kind, **how)  # type: ignore[arg-type]
    return written.getvalue()


def png(width: int, height: int) -> bytes:
    """A PNG that says that it is so large, and has nothing in it."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    parts = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [(kind, mode) for kind in ("PNG", "WEBP") for mode in ("RGB", "RGBA", "L", "P")]
    + [("JPEG", mode) for mode in ("RGB", "L", "CMYK")],
)
def test_it_is_a_square_on_white(kind: str, mode: str) -> None:
    """Whatever shape and colours it had."""
    with Image.open(BytesIO(thumbnail(picture(kind, mode=mode)))) as made:
        assert (made.format, made.size, made.mode) == ("JPEG", (SIDE, SIDE), "RGB")
        assert min(made.getpixel((3, 3))) > 250  # type: ignore[arg-type]
        assert min(made.getpixel((120, 120))) < 120  # type: ignore[arg-type]


def test_what_is_clear_is_white() -> None:
    """And not black."""
    written = BytesIO()
    Image.new("RGBA", (300, 300), (0, 0, 0, 0)).save(written, "PNG")
    with Image.open(BytesIO(thumbnail(written.getvalue()))) as made:
        assert made.getpixel((120, 120)) == (255, 255, 255)


def test_nothing_goes_along() -> None:
    """No place, no camera, no comment, no profile; and it stands upright."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "taken at home"  # turned by 90 degrees
    content = picture("JPEG", (600, 300), exif=exif, comment=b"secret", icc_profile=b"p" * 900)
    made = thumbnail(content)
    for words in (b"taken at home", b"secret", b"ppp", b"Exif"):
        assert words not in made
    with Image.open(BytesIO(made)) as shown:
        assert min(shown.getpixel((120, 5))) < 120  # type: ignore[arg-type]
        assert min(shown.getpixel((5, 120))) > 250  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><img src=x onerror=alert(1)>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + b"\0" * 50,
        b"%PDF-1.4",
        picture("GIF"),
        picture("BMP"),
        picture("TIFF"),
        picture("JPEG")[:900],
        picture("PNG")[:100],
        picture("PNG", (4, 4)),
        png(50_000, 50_000),
        png(4_001, 4_000),
        png(2**31 - 1, 2**31 - 1),
        png(300, 300),
        b"\xff\xd8\xff\xe0" + b"\0" * 2_000,
    ],
    ids=lambda content: repr(content[:12]) + str(len(content)),
)
def test_what_is_no_picture(content: bytes) -> None:
    """Or one of another format, or one that would fill the memory."""
    with pytest.raises(ValueError, match="no picture that can be used"):
        thumbnail(content)


def test_it_is_small() -> None:
    """However busy it is."""
    noise = Image.effect_noise((1_600, 1_600), 90).convert("RGB")
    written = BytesIO()
    noise.save(written, "PNG")
    assert len(thumbnail(written.getvalue())) < 30_000
