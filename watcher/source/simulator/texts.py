"""A simulated product's texts: its name, and the JSON that the API puts inside texts.

Composed anew for each answer from the product's id, so nothing is kept. Image addresses carry
tokens that change daily, as the real ones do; a few texts are null, plain or cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TypeVar

import msgspec
import numpy as np

from watcher.source.simulator.catalogue import Goods
from watcher.source.simulator.dynamics import State, on_steps, price
from watcher.source.simulator.places import (
    BRANDS,
    DEPARTMENTS,
    EMOJI,
    OPTIONS,
    PACKS,
    ROUGH,
    TRAITS,
    Locale,
    locale_of,
)

_COVERS = "https://echosell-images.tos-ap-southeast-1.volces.com/product-cover"
_IMAGES = "oec-ttp.tiktokcdn-us.com"
_MASK = 2**64 - 1
_BUYERS = ("Women", "Men", "Kids", "Teens", "Mum & Dad", "Students", "Couples", "Pet Lovers")

T = TypeVar("T")


class Picker:
    """Small choices that a number decides; much cheaper to begin than a random generator."""

    def __init__(self, seed: int) -> None:
        self._state = (seed * 0x9E3779B97F4A7C15 + 1) & _MASK

    def below(self, limit: int) -> int:
        """A whole number from 0, below ``limit``."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) & _MASK
        return (self._state >> 33) * limit >> 31

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def percent(self, chance: int) -> bool:
        """True in ``chance`` of 100."""
        return self.below(100) < chance

    def address(self) -> str:
        """32 hexadecimal digits, as in an image's address."""
        return "".join(f"{self.below(2**31):08x}" for _ in range(4))


def texts(
    goods: Goods, state: State, slot: int, regions: Sequence[str], day: date
) -> dict[str, str | None]:
    """The fields of one product that are texts, but for its categories."""
    number, region = int(goods.ids[slot]), regions[goods.region[slot]]
    picker = Picker(number)
    name = _name(goods, slot, region, picker)
    token = f"{Picker(number ^ day.toordinal()).address()}&t={day.toordinal():x}"
    values = _Values(picker)
    props = values.options(token)
    return {
        "product_id": str(number),
        "seller_id": str(goods.sellers[slot]),
        "product_name": name,
        "region": region,
        "discount": _discount(float(state.offer[slot]), picker),
        "cover_url": _cover(number, picker),
        "desc_detail": _description(name, picker, token),
        "sale_props": props,
        "skus": _skus(goods, state, slot, region, values.of(int(goods.variants[slot]))),
    }


def _name(goods: Goods, slot: int, region: str, picker: Picker) -> str:
    department = DEPARTMENTS[goods.department[slot]]
    thing = department.goods[goods.branch[slot] % len(department.goods)]
    words = [picker.one_of(TRAITS), thing]
    if picker.percent(60):
        words.insert(0, picker.one_of(BRANDS))
    if picker.percent(45):
        words.append(picker.one_of(locale_of(region).phrases))
    if picker.percent(50):
        words.append(f"- {picker.one_of(PACKS)}")
    if picker.percent(9):
        words.append(picker.one_of(EMOJI))
    if picker.percent(1):
        words.append(picker.one_of(ROUGH))
    if picker.percent(20):
        words.append(f"for {picker.one_of(_BUYERS)}, {picker.one_of(TRAITS)} Style")
    return " ".join(words)


def _discount(offer: float, picker: Picker) -> str | None:
    usual = picker.one_of(("", "", "", "-", "-", "10%", None, ""))
    return f"{round(offer * 100)}%" if offer else usual


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _cover(number: int, picker: Picker) -> str:
    count = 1 + picker.below(8)
    turn = picker.below(count)
    order = [(index * 5 + turn) % count for index in range(count)] if count % 5 else range(count)
    return _json(
        [
            {"url": f"{_COVERS}/{number % 2_000}/{number}_{index}.webp", "index": index}
            for index in order
        ]
    )


def _image(picker: Picker, token: str) -> dict[str, object]:
    uri = f"tos-useast5-i-omjb5zjo8w-tx/{picker.address()}"
    shape = "~tplv-omjb5zjo8w-resize-webp:800:800.webp?dr=10507&refresh_token="
    return {
        "height": 800,
        "width": 800,
        "uri": uri,
        "url_list": [f"https://{host}-{_IMAGES}/{uri}{shape}{token}" for host in ("p16", "p19")],
    }


def _images(picker: Picker, token: str) -> list[dict[str, object]]:
    return [{"type": "image", "image": _image(picker, token)} for _ in range(picker.below(9))]


def _description(name: str, picker: Picker, token: str) -> str | None:
    kind = picker.below(200)
    if kind < 2:
        return None
    if kind == 2:
        return f"{name}. Ships within 48 hours."
    parts: list[dict[str, object]] = [
        {"type": "text", "text": f"{name}: made for everyday use, tested by thousands."},
        {"type": "ul", "content": [picker.one_of(TRAITS) for _ in range(2 + picker.below(4))]},
        *_images(picker, token),
        {"type": "text", "text": "Seller information"},
    ]
    text = _json(parts)
    return text[: len(text) // 2] if kind == 3 else text


class _Values:
    """The choices a buyer has: the options' text, and the ids that variants refer to."""

    def __init__(self, picker: Picker) -> None:
        self._picker = picker
        self._first = 69 * 10**17 + picker.below(2**31) * 10**7
        self._names: Sequence[str] = ()

    def ids(self, count: int) -> list[str]:
        return [str(self._first + index * 7_919) for index in range(count)]

    def of(self, count: int) -> dict[str, str]:
        """The first choices: names by ids. ``options`` comes before."""
        ids = self.ids(count)
        return {number: self._names[place % len(self._names)] for place, number in enumerate(ids)}

    def options(self, token: str) -> str:
        name, values = self._picker.one_of(OPTIONS)
        self._names = values
        choices = [
            {"prop_value_id": number, "prop_value": value}
            for number, value in zip(self.ids(6), values, strict=False)
        ]
        if name == "Colour":
            uri = self._picker.address()
            picture = f"https://p16-{_IMAGES}/tos-useast5/{uri}.webp?refresh_token={token}"
            choices = [{"image": picture, **choice} for choice in choices]
        return _json(
            [
                {
                    "prop_name": name,
                    "has_image": str(name == "Colour").lower(),
                    "prop_id": "100000",
                    "sale_prop_values": choices,
                }
            ]
        )


def _skus(goods: Goods, state: State, slot: int, region: str, values: dict[str, str]) -> str:
    """The variants with their prices around the average, in one of the two forms seen."""
    place = locale_of(region)
    at = np.full(len(values), slot)
    number = int(goods.ids[slot])
    # From the cheapest to the dearest, so that their average is the product's price.
    turns = np.linspace(-1, 1, len(values)) if len(values) > 1 else np.zeros(1)
    prices = on_steps(price(goods, state, at) * (1 + goods.spread[slot] * turns), goods.step[at])
    whole = place.step >= 100
    return _json(
        [
            {
                "sku_id": str(number + 5_529 + index * 65_536),
                **_made_of(value_id, name, new=number % 3 == 0),
                "real_price": _real_price(
                    f"{amount // 100}" if whole else f"{amount / 100:.2f}",
                    place,
                    new=number % 3 == 0,
                ),
            }
            for index, ((value_id, name), amount) in enumerate(
                zip(values.items(), prices.tolist(), strict=True)
            )
        ]
    )


def _made_of(value_id: str, name: str, *, new: bool) -> dict[str, str]:
    if new:
        return {"property_value_id": value_id, "property_value_name": name}
    return {"sale_prop_value_ids": value_id}


def _real_price(text: str, place: Locale, *, new: bool) -> dict[str, str]:
    if new:
        return {
            "currency_name": place.currency,
            "sale_price_decimal": text,
            "sale_price_format": text,
            "currency": place.symbol,
        }
    return {"price_str": f"{place.symbol}{text}", "price_val": text, "currency": place.currency}
