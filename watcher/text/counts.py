"""Counts of things in words."""


def count_of(number: int, noun: str, *, grouped: bool = True) -> str:
    """``1 product``, ``1,234 products``; not ``grouped``, ``1234 products``."""
    return f"{f'{number:,}' if grouped else number} {noun}{'' if number == 1 else 's'}"
