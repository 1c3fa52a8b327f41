"""Merge arithmetic in one pass over the weights, compiled for the CPU; bit-equal to mergekit's.

Each kernel does what a chain of mergekit's tensor operations does, rounding where they round,
with no tensor in between. Arrays are flat: bfloat16 as its uint16 bits, or float32. Addresses
are those of arrays of `out`'s size and type. Each kernel that writes weights returns how many
of them are NaN or infinite. One file, since numba compiles a kernel anew when its own file changes,
not when another does.
"""

# mypy: disable-error-code="attr-defined, call-arg, no-untyped-call"
# mypy: disable-error-code="untyped-decorator, var-annotated"

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import carray, config, njit, prange, set_num_threads, types
from numba.extending import intrinsic, overload

_GRAIN = 512
"""Elements at a time, so that the scratch of all parents stays in a core's own cache."""

ALL, NONE, RANKED, DRAWN, DRAWN_BY_RANK = range(5)
"""Kinds of selection."""


class Selection(NamedTuple):
    """Which elements of each of `n` task vectors are kept.

    Args:
        kinds: One of the kinds for each, uint8 [n]. `RANKED` keeps ranks in [low, high), `DRAWN`
            keeps an element whose draw lies below a probability, `DRAWN_BY_RANK` below one that
            grows with its rank.
        numbers: Addresses of ranks (int32), or of uniform draws, stored as the weights are,
            int64 [n].
        norms: Addresses of ranks of magnitude within a row, scaled to [0, 1] and stored as the
            weights are, int64 [n].
        low: Int32 [n].
        high: Int32 [n].
        least: The probability, or density less epsilon, float32 [n].
        epsilon: Half the width of the probabilities, float32 [n].

    Source: DELLA, Deep et al. 2024 (arXiv:2406.11617), equation 3.
    """

    kinds: np.ndarray
    numbers: np.ndarray
    norms: np.ndarray
    low: np.ndarray
    high: np.ndarray
    least: np.ndarray
    epsilon: np.ndarray


_compiled = njit(parallel=True, cache=True, error_model="numpy", nogil=True)


def use_threads(count: int) -> None:
    """Let kernels that this thread calls use up to `count` threads of the CPU."""
    set_num_threads(min(count, config.NUMBA_NUM_THREADS))


@intrinsic
def _float_of(context: Any, bits: Any) -> Any:
    def emit(_: Any, builder: Any, __: Any, values: Any) -> Any:
        return builder.bitcast(values[0], ir.FloatType())

    return types.float32(types.uint32), emit


@intrinsic
def _bits_of(context: Any, value: Any) -> Any:
    def emit(_: Any, builder: Any, __: Any, values: Any) -> Any:
        return builder.bitcast(values[0], ir.IntType(32))

    return types.uint32(types.float32), emit


@intrinsic
def _fma(context: Any, a: Any, b: Any, c: Any) -> Any:
    def emit(_: Any, builder: Any, __: Any, values: Any) -> Any:
        return builder.fma(*values)

    return types.float32(types.float32, types.float32, types.float32), emit


@intrinsic
def _pointer(context: Any, address: Any, like: Any) -> Any:
    result = types.CPointer(like.dtype)

    def emit(codegen: Any, builder: Any, _: Any, values: Any) -> Any:
        return builder.inttoptr(values[0], codegen.get_value_type(result))

    return result(types.int64, like), emit


def _wide(value: Any) -> Any:
    """Widen a stored number to float32."""


def _round(value: Any, stored: Any) -> Any:
    """Round a float32 to what `stored`'s type can hold, to nearest even."""


def _narrow(value: Any, stored: Any) -> Any:
    """Return a rounded float32 as `stored`'s type holds it."""


@overload(_wide, inline="always", strict=False)
def _wide_as(value: Any) -> Any:
    if value == types.uint16:
        return lambda value: _float_of(np.uint32(value) << np.uint32(16))
    return lambda value: value


@overload(_round, inline="always", strict=False)
def _round_as(value: Any, stored: Any) -> Any:
    if stored.dtype != types.uint16:
        return lambda value, stored: np.float32(value)

    def to_bfloat16(value: Any, stored: Any) -> Any:
        bits = _bits_of(np.float32(value))
        half = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
        return _float_of((bits + half) & np.uint32(0xFFFF0000))

    return to_bfloat16


@overload(_narrow, inline="always", strict=False)
def _narrow_as(value: Any, stored: Any) -> Any:
    if stored.dtype != types.uint16:
        return lambda value, stored: value
    return lambda value, stored: np.uint16(_bits_of(np.float32(value)) >> np.uint32(16))


@njit(inline="always")
def _broken(value: Any) -> Any:
    return (_bits_of(np.float32(value)) & np.uint32(0x7F800000)) == np.uint32(0x7F800000)


@_compiled
def task_vectors(
    out: Any,
    base: Any,
    parents: Any,
    masks: Any,
    masked: Any,
    scales: Any,
    weights: Any,
    consensus: Any,
    divide: Any,
    divisor: Any,
    factor: Any,
) -> Any:
    """Add weighted, masked task vectors to the base.

    Args:
        out: Flat result.
        base: Address of the base model's weights.
        parents: Addresses of `n` ≤ 4 parents' weights, int64 [n].
        masks: Which elements of a task vector are kept, uint8 [n, ≥ size].
        masked: Whether a parent's mask counts, bool [n].
        scales: What a masked task vector is multiplied with, float32 [n].
        weights: Float32 [n].
        consensus: Keep only elements with the sign of the weighted sum (TIES).
        divide: 0: the sum is not divided; 1: by `divisor`; 2: by the sum of the weights of
            those elements that were kept, where that is not 0.
        divisor: Float32.
        factor: mergekit's lambda, float32.

    Source: mergekit 0.1.5, merge_methods/generalized_task_arithmetic.py, lines 91 to 172; TIES,
    Yadav et al. 2023 (arXiv:2306.01708), section 4; masks: sparsify.py, lines 37 to 53.
    """
    size = out.size
    count = len(parents)
    bad = 0
    for block in prange((size + _GRAIN - 1) // _GRAIN):
        start = block * _GRAIN
        length = min(_GRAIN, size - start)
        values = np.empty((count, _GRAIN), np.float32)
        total = np.zeros(_GRAIN, np.float32)
        mixed = np.zeros(_GRAIN, np.float32)
        share = np.zeros(_GRAIN, np.float32)
        ground = carray(_pointer(base, out), size)[start : start + length]
        for j in range(count):
            tuned = carray(_pointer(parents[j], out), size)[start : start + length]
            scale = scales[j]
            weight = weights[j]
            row = values[j]
            if masked[j]:
                kept = masks[j, start : start + length]
                for i in range(length):
                    delta = _round(_wide(tuned[i]) - _wide(ground[i]), out)
                    delta = _round(delta * np.float32(kept[i]) * scale, out)
                    row[i] = _round(delta * weight, out)
            else:
                for i in range(length):
                    delta = _round(_wide(tuned[i]) - _wide(ground[i]), out)
                    row[i] = _round(delta * weight, out)
            for i in range(length):
                total[i] += row[i]
        if consensus:
            for i in range(length):
                positive = _round(total[i], out) >= np.float32(0)
                total[i] = np.float32(1) if positive else np.float32(-1)
            for j in range(count):
                row = values[j]
                weight = weights[j]
                for i in range(length):
                    agrees = np.float32(1) if row[i] * total[i] > 0 else np.float32(0)
                    mixed[i] += row[i] * agrees
                    share[i] += weight * agrees
        else:
            for i in range(length):
                mixed[i] = total[i]
        result = out[start : start + length]
        for i in range(length):
            change = _round(mixed[i], out)
            if divide:
                by = divisor if divide == 1 else _round(share[i], out)
                change = _round(change / (by if by != 0 else np.float32(1)), out)
            change = _round(change * factor, out)
            value = _round(_wide(ground[i]) + change, out)
            bad += 1 if _broken(value) else 0
            result[i] = _narrow(value, out)
    return bad


@_compiled
def weighted_sum(out: Any, models: Any, weights: Any, divide: Any, divisor: Any) -> Any:
    """Add up weighted models, in float32, and round once.

    Args:
        out: Flat result.
        models: Addresses of `n` models' weights, int64 [n].
        weights: Float32 [n].
        divide: Whether the sum is divided by `divisor`.
        divisor: Float32.

    Source: mergekit 0.1.5, merge_methods/linear.py, lines 33 to 38.
    """
    size = out.size
    bad = 0
    for block in prange((size + _GRAIN - 1) // _GRAIN):
        start = block * _GRAIN
        length = min(_GRAIN, size - start)
        total = np.zeros(_GRAIN, np.float32)
        for j in range(len(models)):
            model = carray(_pointer(models[j], out), size)[start : start + length]
            weight = weights[j]
            for i in range(length):
                total[i] = _fma(_wide(model[i]), weight, total[i])
        result = out[start : start + length]
        for i in range(length):
            value = total[i] / divisor if divide else total[i]
            value = _round(value, out)
            bad += 1 if _broken(value) else 0
            result[i] = _narrow(value, out)
    return bad


@_compiled
def two_weighted(out: Any, first: Any, second: Any, a: Any, b: Any) -> Any:
    """Return `a * first + b * second`, each product and the sum rounded to float32.

    Args:
        out: Flat result.
        first: Address of one model's weights.
        second: Address of the other's.
        a: Float32.
        b: Float32.

    Source: mergekit 0.1.5, merge_methods/slerp.py, lines 72 to 78.
    """
    size = out.size
    bad = 0
    for block in prange((size + _GRAIN - 1) // _GRAIN):
        start = block * _GRAIN
        length = min(_GRAIN, size - start)
        one = carray(_pointer(first, out), size)[start : start + length]
        two = carray(_pointer(second, out), size)[start : start + length]
        result = out[start : start + length]
        for i in range(length):
            value = _round(a * _wide(one[i]) + b * _wide(two[i]), out)
            bad += 1 if _broken(value) else 0
            result[i] = _narrow(value, out)
    return bad


@njit(nogil=True)
def _choose(kept: Any, selection: Any, j: Any, start: Any, like: Any) -> None:
    kind = selection.kinds[j]
    length = kept.size
    end = start + length
    if kind == NONE:
        kept[:] = 0
    elif kind == RANKED:
        low = selection.low[j]
        count = np.uint32(selection.high[j] - low)
        ranks = carray(_pointer(selection.numbers[j], selection.low), end)[start:end]
        for i in range(length):
            kept[i] = np.uint32(ranks[i] - low) < count
    elif kind == DRAWN:
        probability = selection.least[j]
        draws = carray(_pointer(selection.numbers[j], like), end)[start:end]
        for i in range(length):
            kept[i] = _wide(draws[i]) < probability
    else:
        least = selection.least[j]
        epsilon = selection.epsilon[j]
        draws = carray(_pointer(selection.numbers[j], like), end)[start:end]
        norms = carray(_pointer(selection.norms[j], like), end)[start:end]
        for i in range(length):
            spread = _round(_round(_wide(norms[i]) * np.float32(2), like) * epsilon, like)
            kept[i] = _wide(draws[i]) < _round(least + spread, like)


@_compiled
def choose(masks: Any, selection: Any, like: Any) -> None:
    """Write 1 for each element of a task vector that is kept, else 0; nothing where all is.

    Args:
        masks: Result, uint8 [n, ≥ size].
        selection: What is kept of each of them.
        like: Flat weights, of the size of a task vector.

    Source: mergekit 0.1.5, sparsify.py, lines 74, 112, 130 and 170.
    """
    size = like.size
    for block in prange((size + _GRAIN - 1) // _GRAIN):
        start = block * _GRAIN
        for j in range(len(selection.kinds)):
            if selection.kinds[j] != ALL:
                _choose(masks[j, start : min(start + _GRAIN, size)], selection, j, start, like)


@njit(parallel=True, cache=True, error_model="numpy", nogil=True, fastmath={"reassoc"})
def sums_of_magnitudes(base: Any, parents: Any, masks: Any, masked: Any) -> Any:
    """Add up the magnitudes of what is kept of each task vector, float64 [n].

    Args:
        base: Flat weights of the base model.
        parents: Addresses of `n` parents' weights, int64 [n].
        masks: Which elements are kept, uint8 [n, ≥ size].
        masked: Whether a parent's mask counts, bool [n].

    Source: mergekit 0.1.5, sparsify.py, lines 41 and 42, but summed exactly; see `norms.py`.
    """
    size = base.size
    blocks = (size + _GRAIN - 1) // _GRAIN
    parts = np.zeros((blocks, len(parents)))
    for block in prange(blocks):
        start = block * _GRAIN
        length = min(_GRAIN, size - start)
        ground = base[start : start + length]
        for j in range(len(parents)):
            tuned = carray(_pointer(parents[j], base), size)[start : start + length]
            part = 0.0
            if masked[j]:
                kept = masks[j, start : start + length]
                for i in range(length):
                    delta = abs(_round(_wide(tuned[i]) - _wide(ground[i]), base))
                    part += np.float64(delta * np.float32(kept[i]))
            else:
                for i in range(length):
                    part += np.float64(abs(_round(_wide(tuned[i]) - _wide(ground[i]), base)))
            parts[block, j] = part
    return parts.sum(axis=0)


@_compiled
def magnitudes(out: Any, base: Any, parents: Any, masks: Any, masked: Any, rows: Any) -> None:
    """Write the magnitudes of what is kept of some task vectors, 0 for the rest.

    Args:
        out: Result, [k, size].
        base: Flat weights of the base model.
        parents: Addresses of `n` parents' weights, int64 [n].
        masks: Which elements are kept, uint8 [n, ≥ size].
        masked: Whether a parent's mask counts, bool [n].
        rows: Index of each of the `k`.

    Source: mergekit 0.1.5, sparsify.py, lines 37 to 42, before the sum.
    """
    size = base.size
    for block in prange((size + _GRAIN - 1) // _GRAIN):
        start = block * _GRAIN
        length = min(_GRAIN, size - start)
        ground = base[start : start + length]
        for k in range(len(rows)):
            j = rows[k]
            tuned = carray(_pointer(parents[j], base), size)[start : start + length]
            result = out[k, start : start + length]
            if masked[j]:
                kept = masks[j, start : start + length]
                for i in range(length):
                    delta = abs(_round(_wide(tuned[i]) - _wide(ground[i]), base))
                    result[i] = _narrow(delta * np.float32(kept[i]), base)
            else:
                for i in range(length):
                    delta = abs(_round(_wide(tuned[i]) - _wide(ground[i]), base))
                    result[i] = _narrow(delta, base)


_summed = njit(parallel=True, cache=True, error_model="numpy", nogil=True, fastmath={"reassoc"})


@_summed
def dots(gradient: Any, like: Any, models: Any) -> Any:
    """Return the dot products of a gradient with models, float64 [n].

    Args:
        gradient: Flat, stored in a type of its own.
        like: Flat weights, of the models' size and type.
        models: Addresses of `n` models' weights, int64 [n].
    """
    size = like.size
    blocks = (size + _GRAIN - 1) // _GRAIN
    parts = np.zeros((blocks, len(models)))
    for block in prange(blocks):
        start = block * _GRAIN
        length = min(_GRAIN, size - start)
        slope = gradient[start : start + length]
        for j in range(len(models)):
            model = carray(_pointer(models[j], like), size)[start : start + length]
            part = 0.0
            for i in range(length):
                part += np.float64(_wide(slope[i])) * np.float64(_wide(model[i]))
            parts[block, j] = part
    return parts.sum(axis=0)


@_summed
def task_vector_dots(
    gradient: Any,
    base: Any,
    parents: Any,
    masks: Any,
    masked: Any,
    scales: Any,
    weights: Any,
    consensus: Any,
    divide: Any,
) -> Any:
    """Return the dot products of a gradient with task vectors as they are merged, float64 [2, n].

    For a gradient g, task vectors u after masks and scales, signs that agree e, and a divisor D
    that is 1 unless `divide`: the sums of g e u / D, and of g e M / D, where M is what is added to
    the base before mergekit's lambda; of elements that nothing divides the second sum has none.

    Args:
        gradient: Flat, stored in a type of its own.
        base: Flat weights of the base model.
        parents: Addresses of `n` parents' weights, int64 [n].
        masks: Which elements of a task vector are kept, uint8 [n, ≥ size].
        masked: Whether a parent's mask counts, bool [n].
        scales: What a masked task vector is multiplied with, float32 [n].
        weights: Float32 [n].
        consensus: Keep only elements with the sign of the weighted sum (TIES).
        divide: Whether each element is divided by the sum of the weights of those that were kept;
            only with `consensus`.

    Under `consensus` a weight of exactly 0 counts as one that leaves 0 upwards: its sign is
    elected as if it were there, and where nothing else agrees with it nothing divides it.

    Source: the derivatives of what `task_vectors` computes, masks and signs held.
    """
    size = base.size
    count = len(parents)
    blocks = (size + _GRAIN - 1) // _GRAIN
    parts = np.zeros((blocks, 2, count))
    for block in prange(blocks):
        start = block * _GRAIN
        length = min(_GRAIN, size - start)
        values = np.empty((count, _GRAIN), np.float32)
        total = np.zeros(_GRAIN, np.float32)
        idle = np.zeros(_GRAIN, np.float32)
        mixed = np.zeros(_GRAIN, np.float32)
        share = np.zeros(_GRAIN, np.float32)
        gain = np.empty(_GRAIN, np.float32)
        slope = gradient[start : start + length]
        ground = base[start : start + length]
        for i in range(length):
            gain[i] = _wide(slope[i])
        for j in range(count):
            tuned = carray(_pointer(parents[j], base), size)[start : start + length]
            scale = scales[j]
            row = values[j]
            if masked[j]:
                kept = masks[j, start : start + length]
                for i in range(length):
                    delta = _round(_wide(tuned[i]) - _wide(ground[i]), base)
                    row[i] = _round(delta * np.float32(kept[i]) * scale, base)
            else:
                for i in range(length):
                    row[i] = _round(_wide(tuned[i]) - _wide(ground[i]), base)
        if consensus:
            for j in range(count):
                row = values[j]
                weight = weights[j]
                if weight == np.float32(0):
                    for i in range(length):
                        idle[i] += row[i]
                else:
                    for i in range(length):
                        total[i] += _round(row[i] * weight, base)
            for i in range(length):
                whole = _round(total[i], base)
                whole = idle[i] if whole == np.float32(0) else whole
                total[i] = np.float32(1) if whole >= np.float32(0) else np.float32(-1)
            for j in range(count):
                row = values[j]
                weight = weights[j]
                for i in range(length):
                    weighted = _round(row[i] * weight, base)
                    side = row[i] if weight == np.float32(0) else weighted
                    agrees = np.float32(1) if side * total[i] > 0 else np.float32(0)
                    mixed[i] += weighted * agrees
                    share[i] += weight * agrees
                    row[i] = row[i] * agrees
        if divide:
            for i in range(length):
                by = _round(share[i], base)
                divided = by != np.float32(0)
                gain[i] = gain[i] / by if divided else gain[i]
                mixed[i] = gain[i] * (mixed[i] / by) if divided else np.float32(0)
        for j in range(count):
            row = values[j]
            own = 0.0
            for i in range(length):
                own += np.float64(gain[i]) * np.float64(row[i])
            parts[block, 0, j] = own
            if divide:
                pull = 0.0
                for i in range(length):
                    pull += np.float64(mixed[i]) if row[i] != np.float32(0) else 0.0
                parts[block, 1, j] = pull
    return parts.sum(axis=0)
