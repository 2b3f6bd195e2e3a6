"""A product's picture made small: whatever the source's hosts gave becomes a square JPEG of ours,
or nothing."""

from __future__ import annotations

from io import BytesIO

SIDE = 240  # pixels: twice what a mail or a page shows, for fine screens
_LEAST, _MOST_PIXELS = 8, 16_000_000  # 64 MB while it is read
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 80


def thumbnail(content: bytes) -> bytes:
    """The picture on white, without anything that the file said beside it. ``ValueError``: it is
    none, of another format, or too large to be read."""
    from PIL import Image, ImageOps  # noqa: PLC0415 - a daemon may never see a picture

    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as image:
            width, height = image.size  # by the file's head: nothing was unpacked so far
            _check(width, height)
            image.draft("RGB", (2 * SIDE, 2 * SIDE))
            turned = ImageOps.exif_transpose(image).convert("RGBA")
        turned.thumbnail((SIDE, SIDE))
        ground = Image.new("RGB", (SIDE, SIDE), "white")
        ground.paste(turned, ((SIDE - turned.width) // 2, (SIDE - turned.height) // 2), turned)
        written = BytesIO()
        ground.save(written, "JPEG", quality=_QUALITY, optimize=True)
    except Exception as error:  # noqa: BLE001 - a decoder raises anything on a broken file
        why = str(error) if isinstance(error, _WrongSize) else type(error).__name__
        raise ValueError(f"no picture that can be used: {why}") from None
    return written.getvalue()


class _WrongSize(ValueError):
    """A picture that is not even unpacked."""


def _check(width: int, height: int) -> None:
    if min(width, height) < _LEAST or width * height > _MOST_PIXELS:
        raise _WrongSize(f"it has {width} x {height} pixels")
