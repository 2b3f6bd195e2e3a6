"""What a hostile visitor writes into a query, a path or a field."""

from __future__ import annotations

TEXTS: tuple[str, ...] = (
    "", " ", "0", "-1", "1", "-0", "99999999999999999999", "1" + "0" * 400, "9" * 5_000,
    "1e400", "-1e400", "NaN", "nan", "inf", "-inf", "0x10", "1_000", "1.5", "1,5", "+1",
    "\u0663", "\u00b2", "\uff11", "null", "None", "True", "[]", "{}", "1,2,3", "1;2",
    "2024-02-30", "9999-12-31", "0000-00-00", "1969-12-31T23:59", "2024-01-01..", "30d", "-30d",
    "99999999999d", "x" * 6_000, "\u202e\u2066x", "\U0010ffff", "\ufeff",
    "\x00", "a\x00b", "\x1b[31m",
    "\r\nX-Injected: 1", "x\r\nSet-Cookie: a=b\r\n\r\n<b>", "\n", "\t",
    "../../../../etc/passwd", "..\\..\\", "/etc/passwd", "file:///etc/passwd", "//evil.example/",
    "https://evil.example/", "\\\\evil.example", "/\\evil.example", "javascript:alert(1)",
    "/%09/evil.example", "' OR 1=1 --", '" OR "" = "', "'; DROP TABLE products; --", "%", "_",
    "*" * 200, "a*" * 60 + "b", "[", "[!", "[]-a]", "?", "(" * 1_500, "[" * 1_500, "{a: " * 1_000,
    "{x: &a [*a]}", "&a [&b [*a, *a], *b]", "!!python/object/apply:os.system [id]", "{a: 1, a: 2}",
    "? [a]: b", "- - - - x", "{{7*7}}", "{0.__class__}", "%s%n%d", "${HOME}", "$(id)", "`id`",
    "total_sale_7d_cnt", "total_sale_7d_cnt desc", "total_sale_7d_cnt: {at_least: 1e999}",
    "{total_sale_7d_cnt: {at_least: 20}}", "{not: " * 300, "__class__", "US/1", "US/1,US/2,US/3",
    "US/1 " * 100, "A1", "seller_id=1", "=", "&", "#", "+", "<b>", "\"'>",
)  # fmt: skip

# Those of them of which each by itself broke something somewhere once.
SHARP: tuple[str, ...] = (
    "", "-1", "1" + "0" * 400, "1e400", "NaN", "\uff11", "9999-12-31", "99999999999d", "x" * 6_000,
    "\x00", "\r\nX-Injected: 1", "[!", "(" * 1_500, "{x: &a [*a]}",
)  # fmt: skip

# As they are on the line: what can't be decoded, or is decoded twice by somebody.
RAW: tuple[str, ...] = (
    "%", "%zz", "%2", "%ff", "%c0%af", "%ed%a0%80", "%f0%9f", "%00", "%0d%0aX-Injected:%201",
    "%250d%250aX-Injected:%201", "%e5%98%8a%e5%98%8dX-Injected:1", "%25%32%65", "%u0041",
    "1&{name}=2", "1&{name}=2&{name}=x", "1&{name}[]=2&{name}[0]=3", "1;{name}=2", "&&&=&",
    "&{name}" * 300,
)  # fmt: skip

# In place of a part of a path, as they are on the line.
PARTS: tuple[str, ...] = (
    "..", ".", "%2e%2e", "%2e", "..%2f..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "..%5c..%5c",
    "....//", "..;/", "%2f", "%2f%2fevil.example", "%5cevil.example", "%00", "1%00.json", "%ff",
    "%c0%ae%c0%ae", "%ed%a0%80", "%0d%0aX-Injected:%201", "%0a", "%09", "%20", "%7f", "%",
    "%zz", "%252e%252e%252f", "%2525", "*", "%3f", "%23", ";", ":", "@", "%7b%7d", "%3cb%3e",
    "%22", "%27", "1%27%20OR%201=1", "-1", "0", "1e9", "99999999999999999999", "9" * 400,
    "%e4%b8%ad" * 50, "%f0%9f%98%80", "%e2%80%ae", "x" * 5_000, "seller_id=", "=", "US", "api",
    "static", "books", "json",
)  # fmt: skip
