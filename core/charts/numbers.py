"""Numbers as the app writes them: three significant digits, a unit. What is not finite was not measured."""

import math

NOT_MEASURED = "not measured"


def format_significant(value: float) -> str:
    """
    >>> format_significant(0.02634), format_significant(2.3), format_significant(1234.5)
    ('0.0263', '2.30', '1230')
    """
    if not math.isfinite(value):
        return NOT_MEASURED
    if value == 0:
        return "0"
    rounded = float(f"{value:.2e}")
    if not 1e-12 <= abs(rounded) < 1e15:
        return f"{value:.2e}"
    return f"{rounded:.{max(0, 2 - math.floor(math.log10(abs(rounded))))}f}"


def format_two(value: float) -> str:
    """Two significant digits, where that is enough to compare at a glance.

    >>> format_two(0.501), format_two(0.0643), format_two(13.2)
    ('0.50', '0.064', '13')
    """
    if not math.isfinite(value):
        return NOT_MEASURED
    return f"{value:#.2g}".removesuffix(".")


def format_count(count: float) -> str:
    """
    >>> format_count(200_000), format_count(12_345), format_count(64)
    ('200k', '12.3k', '64')
    """
    if not math.isfinite(count):
        return NOT_MEASURED
    rounded = float(f"{count:.2e}")
    for unit, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(rounded) >= unit:
            return f"{rounded / unit:.3g}{letter}"
    return f"{rounded:.3g}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """
    >>> counted(1, "example"), counted(1200, "example"), counted(2, "stretch", "stretches")
    ('1 example', '1,200 examples', '2 stretches')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def format_loss(nats: float, sign: str = "") -> str:
    """A loss, or with the sign "+" a change of one, to the last digit that is worth showing.

    >>> format_loss(4.63457), format_loss(-0.02, "+"), format_loss(6.1e9), format_loss(float("nan"))
    ('4.6346', '−0.0200', '6.1e+09', 'diverged')
    """
    if not math.isfinite(nats):
        return "diverged"
    return f"{nats:{sign}.4f}".replace("-", "−") if abs(nats) < 1e4 else f"{nats:{sign}.3g}"


def format_seconds(seconds: float) -> str:
    """
    >>> format_seconds(0.00124), format_seconds(12.34), format_seconds(150)
    ('1.24 ms', '12.3 s', '2 min 30 s')
    """
    if not math.isfinite(seconds):
        return NOT_MEASURED
    if abs(seconds) >= 119.5:
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
    rounded = float(f"{seconds:.2e}")
    for unit, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if abs(rounded) >= unit:
            return f"{format_significant(rounded / unit)} {name}"
    return f"{format_significant(rounded / 1e-9)} ns" if rounded else "0 s"


def format_bytes(num_bytes: float) -> str:
    """
    >>> format_bytes(63_360), format_bytes(42_733_828), format_bytes(512)
    ('63.4 kB', '42.7 MB', '512 bytes')
    """
    if not math.isfinite(num_bytes):
        return NOT_MEASURED
    rounded = float(f"{num_bytes:.2e}")
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if abs(rounded) >= unit:
            return f"{format_significant(rounded / unit)} {name}"
    return f"{num_bytes:.0f} bytes"


def format_nats(nats: float) -> str:
    """
    >>> format_nats(2.314)
    '2.31 nats'
    """
    return f"{format_significant(nats)} nats" if math.isfinite(nats) else NOT_MEASURED


def format_tiny(value: float) -> str:
    """A difference that should be nothing, by its size alone.

    >>> format_tiny(4.8e-7), format_tiny(0.0)
    ('5 × 10⁻⁷', '0')
    """
    if not math.isfinite(value):
        return NOT_MEASURED
    if value == 0:
        return "0"
    digit, _, power = f"{value:.0e}".partition("e")
    return f"{digit} × 10{str(int(power)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def format_time_left(seconds: float | None) -> str:
    """As roughly as it is known; None where it is not.

    >>> format_time_left(None), format_time_left(4.2), format_time_left(43.0), format_time_left(135.0)
    ('estimating the time left', 'a few seconds left', 'about 45 s left', 'about 2 min left')
    """
    if seconds is None or not math.isfinite(seconds):
        return "estimating the time left"
    return f"{format_wait(seconds)} left"


def format_wait(seconds: float) -> str:
    """As roughly as a time to come is known.

    >>> format_wait(4.2), format_wait(43.0), format_wait(135.0), format_wait(7_000.0)
    ('a few seconds', 'about 45 s', 'about 2 min', 'about 1 h 57 min')
    """
    if not math.isfinite(seconds):
        return NOT_MEASURED
    if seconds < 8:
        return "a few seconds"
    if seconds < 90:
        return f"about {max(10, 5 * round(seconds / 5))} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"about {hours} h {minutes} min" if hours else f"about {minutes} min"
