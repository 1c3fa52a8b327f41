"""Whether a run's models are still the files with which it began."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from evomerge.errors import RunConflict
from evomerge.files import write_whole
from evomerge.recipe.reference import Reference

_FILE = "parents.json"


def check_unchanged(folder: Path, locations: Mapping[str, str]) -> None:
    """Remember the models' files in a new run; refuse to go on with others in an old one.

    Zoo models are left out: their version is part of their path, and they can be made again.

    Args:
        folder: The run's folder.
        locations: Model reference → what mergekit can open.

    Raises:
        RunConflict: A model's files have changed since the run began.
    """
    from evomerge.merge.models.locations import find

    stamps = {
        reference: sha256(find(location).fingerprint().encode()).hexdigest()[:16]
        for reference, location in locations.items()
        if not Reference.parse(reference).zoo_models
    }
    file = folder / _FILE
    known = json.loads(file.read_text()) if file.exists() else {}
    changed = [name for name, stamp in stamps.items() if known.get(name, stamp) != stamp]
    if changed:
        raise RunConflict(
            f"the files of {', '.join(changed)} have changed since this run began",
            where=str(folder),
            help="--new starts afresh; earlier scores are of the earlier files",
        )
    write_whole(file, json.dumps(known | stamps, indent=1) + "\n")
