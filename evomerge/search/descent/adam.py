"""Adam within bounds: tell it points and slopes, ask it for the next point. It reads no files.

Source: Kingma & Ba 2014, arXiv:1412.6980, algorithm 1, with its defaults; plain Python floats in
a fixed order, so that the same history gives the same next point, bit for bit.
"""

import math
from collections.abc import Mapping

from evomerge.space.domains import FloatDomain

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8
_DECIMALS = 5
"""Of a value, so that a recipe's YAML stays short; more where the domain is narrower than 0.1."""


class Adam:
    """The moments of one chain.

    Args:
        domains: Parameter's name → what it ranges over. Logarithmic ones are stepped along in the
            logarithm.
        anchor: What the values are pulled to.
        pull: Added to a slope for each unit of distance from the anchor, ≥ 0: the slope of a
            normal prior around it.
    """

    def __init__(
        self,
        domains: Mapping[str, FloatDomain],
        anchor: Mapping[str, float] | None = None,
        pull: float = 0.0,
    ) -> None:
        self._domains, self._anchor, self._pull = domains, anchor or {}, pull
        self._at: dict[str, float] = {}
        self._first = dict.fromkeys(domains, 0.0)
        self._second = dict.fromkeys(domains, 0.0)
        self._count = 0

    def tell(self, point: Mapping[str, float], slopes: Mapping[str, float]) -> None:
        """Take in the slopes at a point, from which the next step leads.

        Args:
            point: A value for each of the domains.
            slopes: Derivatives of the loss; 0 where there is none.
        """
        self._at = {name: point[name] for name in self._domains}
        self._count += 1
        for name, domain in self._domains.items():
            slope = slopes.get(name, 0.0) * (point[name] if domain.log else 1.0)
            if self._pull:
                away = _inner(point[name], domain) - _inner(self._anchor[name], domain)
                slope += self._pull * away
            self._first[name] = _BETA1 * self._first[name] + (1 - _BETA1) * slope
            self._second[name] = _BETA2 * self._second[name] + (1 - _BETA2) * slope * slope

    def ask(self, rate: float) -> dict[str, float]:
        """Return the next point, inside the domains and rounded.

        Args:
            rate: Learning rate, > 0.
        """
        found = {}
        for name, domain in self._domains.items():
            first = self._first[name] / (1 - _BETA1**self._count)
            second = self._second[name] / (1 - _BETA2**self._count)
            inner = _inner(self._at[name], domain) - rate * first / (math.sqrt(second) + _EPSILON)
            found[name] = _outer(inner, domain)
        return found


def within(value: float, domain: FloatDomain) -> float:
    """Return the value of a domain that is nearest to one, rounded.

    Args:
        value: Any finite number.
        domain: Its bounds hold also where they have more digits than a rounded value.
    """
    width = domain.high - domain.low
    if domain.log:
        rounded = float(f"{value:.{_DECIMALS}g}")
    else:
        narrow = math.ceil(math.log10(width)) if 0 < width < 1 else 0
        rounded = round(value, _DECIMALS - narrow)
    return float(min(max(rounded, domain.low), domain.high))


def _inner(value: float, domain: FloatDomain) -> float:
    return math.log(value) if domain.log else value


def _outer(inner: float, domain: FloatDomain) -> float:
    if not domain.log:
        return within(inner, domain)
    low, high = math.log(domain.low), math.log(domain.high)
    return within(math.exp(min(max(inner, low), high)), domain)
