"""What a chart costs: processor time, bytes, and memory, beside the least that Pillow needs.

Run as ``python benchmarks/charts.py``. The least is a blank picture of the same size in which
the same number of letters is drawn, and which is packed in the same way: what a chart takes
more is ours. On a busy machine all figures grow, the ratio hardly does.
"""

from __future__ import annotations

import io
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

from watcher.charts.picture import Panel, draw
from watcher.units import DAY, Unit

NOW = 1_795_510_800
LIMIT_MS, LIMIT_BYTES = 60, 40_000
NAMES = (
    "PureGlow Deluxe Face Serum with Vitamin C 30ml",
    "เซรั่มวิตามินซี ผิวกระจ่างใส ขายดี",
    "Kem dưỡng ẩm trắng da chuyên sâu Hàn Quốc",
    "Увлажняющая сыворотка для лица",
    "精华液 PureGlow 30ml 官方正品",
    "سيروم فيتامين سي للوجه",
)


def panels(points: int) -> list[Panel]:
    """Six products of which the values grow, then take off, with some noise."""
    chance = random.Random(points)
    step = 30 * DAY // points
    made = []
    for number, name in enumerate(NAMES, start=1):
        value, values = 1_200.0 * number, []
        for index in range(points):
            growth = 5.0 if index > points * 0.8 else 0.2
            value *= 1 + (growth + chance.gauss(0, 2)) / points
            values.append((NOW - (points - 1 - index) * step, round(value)))
        made.append(
            Panel(name, values, marks=[NOW - number * DAY], number=number,
                  note="1,200 → 4,830 (+303%) since 16 Nov", product_id="1729384756102934821")
        )  # fmt: skip
    return made


def chart(points: int) -> Callable[[], bytes]:
    """Draws the same picture each time it is called."""
    shown = panels(points)
    return lambda: draw(
        shown, title="beauty-rising · 7-day GMV", unit=Unit.MONEY, zone=UTC, now=NOW
    )


def least() -> bytes:
    """A picture of the same size with about as many letters, by Pillow alone."""
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - the memory before is shown

    font = ImageFont.load_default(27)
    image = Image.new("L", (1080, 1246))
    pen = ImageDraw.Draw(image)
    for row in range(18):
        pen.text(
            (32, 60 + row * 60), "The quick brown fox jumps over a lazy dog", fill=12, font=font
        )
    image = image.point([value // 4 for value in range(256)])
    image.putpalette([value for index in range(16) for value in (index * 16,) * 3])
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=6)
    return file.getvalue()


def measure(work: Callable[[], bytes], times: int = 20) -> tuple[float, float, int]:
    """Least and median processor time in milliseconds, and the size."""
    spent, size = [], len(work())
    for _ in range(times):
        begin = time.process_time()
        work()
        spent.append((time.process_time() - begin) * 1_000)
    return min(spent), statistics.median(spent), size


def memory() -> float:
    """Resident, in MB."""
    text = Path("/proc/self/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1_000


def main() -> None:
    """Exits with 1 where a chart is beyond its limits."""
    before, begin = memory(), time.process_time()
    work = chart(30)
    work()
    first = (time.process_time() - begin) * 1_000
    print(f"first chart: {first:.0f} ms, {before:.1f} MB resident before", end="")
    print(f", {memory():.1f} MB after, ", end="")
    for _ in range(50):
        work()
    print(f"{memory():.1f} MB after 50 more")
    floor, _, _ = measure(least)
    print(f"{'':24}{'least':>9}{'median':>9}{'size':>10}   times the least Pillow needs")
    failed = False
    for points in (30, 720, 4_320):  # daily, hourly, every ten minutes
        best, median, size = measure(chart(points))
        print(f"6 panels of {points:5} points {best:6.1f} ms{median:6.1f} ms{size / 1e3:7.1f} KB"
              f"{best / floor:8.1f}")  # fmt: skip
        failed |= best > LIMIT_MS or size > LIMIT_BYTES
    print(f"bare Pillow{'':13}{floor:5.1f} ms")
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
