"""How much memory a backward pass takes: what the forward pass leaves for it. No torch."""

KEPT = {"cpu": 2**32, "cuda": 2**35}
"""Bytes of activations that one pass may keep, by kind of device; beyond, each layer's are
computed again."""

_HIDDEN, _INNER = 16, 6
"""Tensors as wide as the model, and as wide as its feed-forward layers, that a layer keeps for
each token: 23 to 31 widths where the inner one is three times as wide. Eager attention and experts
keep more."""


def activation_bytes(
    tokens: int, *, layers: int, hidden: int, inner: int, itemsize: int, again: bool = False
) -> int:
    """Return what the activations of a pass take until its backward pass is done, in bytes.

    Logits and their gradient come on top.

    Args:
        tokens: Tokens of the pass, padding too.
        layers: Decoder layers.
        hidden: Width of the model.
        inner: Width of its feed-forward layers.
        itemsize: Bytes of a number.
        again: Whether only what enters a layer is kept, and its inside computed again.
    """
    inside = _HIDDEN * hidden + _INNER * inner
    numbers = inside + 2 * layers * hidden if again else layers * inside
    return tokens * numbers * itemsize
