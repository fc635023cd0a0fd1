"""Numbers as texts, the way Excel's own & operator writes them."""

from decimal import Decimal


def plain(value: float) -> str:
    """A number as Excel joins it to a text: 0.1, 2, 0.00001, 1E-10."""
    if value == 0:
        return "0"
    exponent = Decimal(f"{abs(value):.14e}").adjusted()
    digits = f"{value:.15g}"
    if -5 <= exponent < 15:
        fixed = format(Decimal(digits), "f")
        return fixed.rstrip("0").rstrip(".") if "." in fixed else fixed
    mantissa, _, power = f"{value:.14e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}E{int(power):+03d}"


def listing(items: list[str], last: str = "and") -> str:
    """a, b and c."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"
