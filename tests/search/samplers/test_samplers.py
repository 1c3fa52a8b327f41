from pathlib import Path

from evomerge.samplers import SAMPLERS
from evomerge.search import samplers
from evomerge.search.samplers import seeds


def test_every_sampler_has_a_file_and_a_line() -> None:
    folder = Path(samplers.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(SAMPLERS)


def test_the_seeds_of_a_trial_never_change() -> None:
    """A run that another version began goes on with the same proposals."""
    assert seeds(3, 7) == (2580024465, 3003128606)
    assert len({seed for number in range(50) for seed in seeds(0, number)}) == 100
