"""What workers are built from, put together from a space and the places of its models."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from evomerge.settings import EvaluateSettings
from evomerge.space.space import Space
from evomerge.workers.protocol import WorkerSpec


def evaluate_located(settings: EvaluateSettings, locations: Mapping[str, str]) -> EvaluateSettings:
    """Return the settings with the real folder of their tasks."""
    path = settings.task_path
    return replace(settings, task_path=locations.get(path, path)) if path else settings


def worker_spec(space: Space, locations: Mapping[str, str], cache: str) -> WorkerSpec:
    """Return what the workers of a search are built from.

    Args:
        space: The space.
        locations: Reference → what mergekit can open; also the task folder's.
        cache: Absolute folder for merged adapters.
    """
    return WorkerSpec(
        locations={reference: locations[reference] for reference in space.references},
        evaluate=evaluate_located(space.evaluate, locations),
        workers=space.workers,
        cache=str(Path(cache) / "adapters"),
        plugins=space.plugins,
        objective=space.objective,
    )
