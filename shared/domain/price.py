"""What speech costs: a price for a million characters, by engine and tier, in one currency; counted in millionths of it.

A price for a million characters is a price in millionths for one, so no amount is ever rounded but once, upwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, InvalidOperation

MICROS = 1_000_000
_ENTRY = re.compile(r"(?P<name>[a-z0-9-]{1,40}(?:/[a-z0-9-]{1,40})?)=(?P<price>\d{1,6}(?:\.\d{1,6})?)")
_RULE = 'written engine=price or engine/tier=price, parted by commas, for example "google=16,google/studio=160"'


def parse_prices(text: str) -> dict[str, Decimal]:
    """Prices for a million characters by "engine" and "engine/tier". Raises ValueError."""
    found: dict[str, Decimal] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        match = _ENTRY.fullmatch(entry)
        if not match or match["name"] in found:
            raise ValueError(f"a price is {_RULE}")
        found[match["name"]] = Decimal(match["price"])
    return found


def billed_characters(text: str) -> int:
    """What a provider counts of a text: its characters, spaces among them."""
    return len(text)


def to_micros(amount: str | Decimal) -> int:
    """An amount of the currency in millionths. Raises ValueError for what is no amount."""
    try:
        return int((Decimal(amount) * MICROS).to_integral_value(ROUND_CEILING))
    except (InvalidOperation, ValueError) as exc:
        raise ValueError("expected an amount of money, such as 12.50") from exc


def as_amount(micros: int) -> str:
    """Millionths as an amount: two decimals at least, and as many as it takes."""
    whole, rest = divmod(abs(micros), MICROS)
    digits = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micros < 0 else ''}{whole}.{digits}"


@dataclass(frozen=True)
class Prices:
    """`by_name` as `parse_prices` gives it. What is not in it costs nothing."""

    by_name: Mapping[str, Decimal]
    currency: str

    def per_million(self, engine: str, tier: str = "") -> Decimal:
        """The price of a tier, else the engine's own."""
        tiered = self.by_name.get(f"{engine}/{tier}") if tier else None
        return tiered if tiered is not None else self.by_name.get(engine, Decimal(0))

    def micros(self, engine: str, tier: str, characters: int) -> int:
        """The price of so many characters, rounded up."""
        return int((self.per_million(engine, tier) * characters).to_integral_value(ROUND_CEILING))


def unpriced(engines: Iterable[str], prices: Mapping[str, Decimal]) -> list[str]:
    """Engines without a price of their own: what falls to no tier would cost nothing, and nobody said so."""
    return [name for name in engines if name not in prices]
