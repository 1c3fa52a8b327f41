"""Random numbers come in mergekit's order, whether they are cached or not."""

import torch

from evomerge.merge.kernels.cache import Cache
from evomerge.merge.kernels.draws import Draws
from evomerge.merge.mergekit.process import seeded


def test_numbers_that_are_not_cached_are_drawn_where_they_stand() -> None:
    """The generator catches up over what was cached."""
    cache = Cache(100 * 4)
    with seeded(3):
        wanted = torch.rand(350).numpy()
    for _ in range(2):
        with seeded(3):
            draws = Draws(cache, 3)
            got = [draws.next(count, torch.float32).copy() for count in (100, 150, 100)]
        assert (wanted == [number for part in got for number in part]).all()
    assert cache.held_bytes == 400


def test_bfloat16_numbers_are_rounded_down() -> None:
    with seeded(3):
        wanted = torch.rand(1000)
    with seeded(3):
        bits = Draws(Cache(0), 3).next(1000, torch.bfloat16)
    got = torch.from_numpy(bits).view(torch.bfloat16).float()
    assert (got <= wanted).all()
    assert (wanted - got < 2**-7).all()


def test_a_mark_is_a_place_to_come_back_to() -> None:
    """Cached or not, the numbers after it come once more, and the generator stays where it is."""
    for room in (0, 150 * 4, 2**20):
        with seeded(3):
            draws = Draws(Cache(room), 3)
            draws.next(100, torch.float32)
            mark = draws.mark()
            wanted = [draws.next(count, torch.float32).copy() for count in (50, 70)]
            before = torch.get_rng_state()
            for _ in range(2):
                with draws.back_at(mark) as again:
                    got = [again.next(count, torch.float32).copy() for count in (50, 70)]
                assert all((a == b).all() for a, b in zip(got, wanted, strict=True))
            assert torch.equal(before, torch.get_rng_state())
