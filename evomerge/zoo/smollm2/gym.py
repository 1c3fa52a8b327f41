"""Generate sums with reasoning-gym out of its wheel, without installing it.

The package imports a dozen others when it is imported as a whole; the one generator that is used
here needs none of them. So its files are unpacked without the packages' own `__init__.py` and run
by a Python of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from evomerge.errors import PlatformError

_FILES = (
    "reasoning_gym/arithmetic/basic_arithmetic.py",
    "reasoning_gym/coaching/attributes.py",
    "reasoning_gym/coaching/base_curriculum.py",
    "reasoning_gym/dataset.py",
    "reasoning_gym/factory.py",
    "reasoning_gym/utils.py",
)
_COACHING = """\
from .attributes import RangeAttributeDefinition, ScalarAttributeDefinition
from .base_curriculum import BaseCurriculum
"""
_SCRIPT = """\
import json, sys
from reasoning_gym.arithmetic.basic_arithmetic import BasicArithmeticDataset as Sums
from reasoning_gym.arithmetic.basic_arithmetic import BasicArithmeticDatasetConfig as Config
count, seed = map(int, sys.argv[1:])
config = Config(min_terms=2, max_terms=2, min_digits=2, max_digits=2, operators=["+", "-"],
                allow_parentheses=False, allow_negation=False, seed=seed, size=count)
found = [(item["question"], item["answer"]) for item in map(Sums(config).__getitem__, range(count))]
json.dump(found, sys.stdout)
"""


def sums(wheel: Path, count: int, seed: int) -> list[tuple[str, str]]:
    """Return questions ("Calculate 34 - 57.") and answers ("-23"): two terms up to 100, + or -.

    Args:
        wheel: The wheel of reasoning-gym.
        count: How many; some will be equal.
        seed: Of the generator.

    Raises:
        PlatformError: The generator cannot be run.
    """
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder, _FILES)
        Path(folder, "reasoning_gym/coaching/__init__.py").write_text(_COACHING)
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT, str(count), str(seed)],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": folder},
        )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no details"])[-1]
        raise PlatformError(f"its generator does not run: {reason}", where=wheel.name)
    return [(question, answer) for question, answer in json.loads(done.stdout)]
