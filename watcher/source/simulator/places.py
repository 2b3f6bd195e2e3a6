"""The simulated market's regions and departments: currencies, words, categories.

Currencies are at round rates; ``step`` is the smallest price step, in hundredths of a unit.
"""

from __future__ import annotations

from typing import NamedTuple


class Locale(NamedTuple):
    """A region: its currency (units for a US dollar), and what sellers there put in names."""

    currency: str
    symbol: str
    per_dollar: float
    step: int
    phrases: tuple[str, ...]


LOCALES: dict[str, Locale] = {
    "US": Locale("USD", "$", 1, 1, ("2026 New", "Viral", "TikTok Made Me Buy It", "Bestseller")),
    "GB": Locale("GBP", "£", 0.8, 1, ("UK Stock", "Next Day", "Lovely", "Colour Choice")),
    "ID": Locale("IDR", "Rp", 16_000, 10_000, ("Gratis Ongkir", "Murah", "COD", "Kekinian")),
    "TH": Locale("THB", "฿", 34, 100, ("พร้อมส่ง", "ส่งฟรี", "ของแท้ 100%", "ลดราคา")),
    "PH": Locale("PHP", "₱", 58, 100, ("COD", "Original", "Legit", "Mura")),
    "MY": Locale("MYR", "RM", 4.4, 10, ("Ready Stock", "Viral TikTok", "Murah", "现货")),
    "VN": Locale("VND", "₫", 25_000, 100_000, ("Chính hãng", "Hàng mới về", "Freeship", "Giá rẻ")),
    "MX": Locale("MXN", "$", 18, 100, ("Envío gratis", "Para niños", "Nuevo", "Edición año 2026")),
    "SG": Locale("SGD", "S$", 1.3, 10, ("SG Seller", "Ready Stock", "Fast Delivery", "本地发货")),
    "SA": Locale("SAR", "SAR", 3.75, 25, ("شحن مجاني", "أصلي", "جديد", "عرض خاص")),
    "BR": Locale("BRL", "R$", 5.4, 10, ("Frete grátis", "Promoção", "Lançamento", "Original")),
    "ES": Locale("EUR", "€", 0.92, 1, ("Envío gratis", "Niña y niño", "Oferta", "Diseño español")),
    "JP": Locale("JPY", "¥", 150, 1_000, ("【送料無料】", "新作", "人気商品", "ギフト")),
    "DE": Locale("EUR", "€", 0.92, 1, ("Für Küche & Bad", "Größe M", "Neu", "Schön & praktisch")),
    "IT": Locale("EUR", "€", 0.92, 1, ("Novità", "Qualità superiore", "Perché no?", "Offerta")),
    "FR": Locale("EUR", "€", 0.92, 1, ("Livraison gratuite", "Été 2026", "Idée cadeau", "Nouveau")),
}
_ELSEWHERE = Locale("USD", "$", 1, 1, ("New", "Sale", "Original", "Top"))


def locale_of(region: str) -> Locale:
    """The region's currency and words; dollars where the region is not known."""
    return LOCALES.get(region, _ELSEWHERE)


# Of each department (a category of level 1) the id, a typical price in dollars, and what is sold.
_SOLD = """
601450 14 Lip Stain, Vitamin C Serum, Lash Clusters, Collagen Mask, Setting Spray, Body Butter,
    Hair Growth Oil, Pore Strips, Makeup Brush Set, Peptide Lip Tint;
601152 22 Ribbed Bodysuit, Wide Leg Pants, Maxi Dress, Oversized Hoodie, Seamless Leggings,
    Lace Cami, Knit Cardigan, Pleated Skirt;
600001 17 LED Strip Lights, Storage Bins, Shower Curtain, Throw Blanket, Wall Hooks, Sunset Lamp,
    Mop Head Refill, Candle Warmer;
601739 25 Wireless Earbuds, Magnetic Power Bank, Phone Case, Fast Charger, Mini Projector,
    Smart Watch, Selfie Light, Bluetooth Speaker;
700645 24 Magnesium Gummies, Creatine Powder, Sea Moss Capsules, Posture Corrector,
    Electrolyte Sticks, Whitening Strips, Sleep Drops;
605248 9 Stainless Steel Keychain, Moissanite Ring, Claw Clips, Silk Scarf, Sunglasses,
    Beaded Bracelet, Charm Necklace, Baseball Cap;
600024 19 Vegetable Chopper, Insulated Tumbler, Air Fryer Liners, Knife Set, Lunch Box,
    Ice Maker Tray, Espresso Cup, Silicone Spatula;
603014 21 Resistance Bands, Yoga Mat, Pickleball Paddle, Cycling Gloves, Jump Rope, Running Belt,
    Grip Trainer;
604206 15 Building Blocks, Blind Box Figure, Fidget Cube, RC Drift Car, Plush Capybara, Slime Kit,
    Puzzle 1000 Pieces;
602118 16 Cat Water Fountain, Dog Harness, Lick Mat, Grooming Glove, Catnip Toys, Slow Feeder Bowl;
602284 18 Swaddle Blanket, Silicone Bibs, Teething Toy, Diaper Bag, Nursery Night Light,
    Baby Romper;
700437 12 Freeze Dried Candy, Matcha Powder, Chili Crisp, Protein Cookies, Instant Ramen Pack,
    Dubai Chocolate Bar, Honey Jar
"""


class Department(NamedTuple):
    """A category of level 1: a typical price in dollars, and what is sold in it."""

    id: str
    dollars: float
    goods: tuple[str, ...]


_ROWS = (" ".join(text.split()).split(" ", 2) for text in _SOLD.split(";"))
DEPARTMENTS = tuple(Department(one, float(usd), tuple(of.split(", "))) for one, usd, of in _ROWS)

BRANDS = tuple(
    "Lumora|Nøva|Kesh & Co.|PureGlow|Halo|Tidewell|O'Malley's|BioRoot|Ümlaut|Kawai|Zenix|"
    "MIRA|Sunday Club|Northpine|Velora|GOGO|Peach & Fig|Atelier 9|Yumi|Brightly".split("|")
)
TRAITS = tuple(
    "Portable|Upgraded|Mini|Luxury|Vintage|Premium|Classic|Original|Everyday|Pro|Deluxe|"
    "Handmade|Pastel|Travel Size|Limited|Cute|Minimalist|Extra Large".split("|")
)
PACKS = tuple(
    'Set of 3|2 Pack|12" Box|Gift Box|Black / White|w/ Travel Bag|"Limited Edition"|'
    "(Buy 1 Get 1)|Value Pack|2026 Edition|50% Bigger".split("|")
)
EMOJI = tuple("🔥 ✨ 💖 🎁 🌿 😍 🧸 ⚡ 🇺🇸 👩‍🍳".split())
ROUGH = tuple(
    "<b>HOT</b>|@everyone|*50%* _off_|Tom\\Jerry|A&amp;B|[link](http://x.y)|<!channel>".split("|")
)
OPTIONS = (
    ("Colour", ("Black", "White", "Pink", "Sage", "golden", "silver", "Navy", "Lila")),
    ("Size", ("XS", "S", "M", "L", "XL", "2XL", "One Size", "30 cm")),
    ("Flavour", ("Mango", "Berry", "Matcha", "Original", "Cola", "Lime", "Peach", "Açaí")),
)
