"""All that is used of Optuna beside its documented interface, with why; a test names each.

- `Study._storage.set_trial_user_attr` and `FrozenTrial._trial_id`: a trial that another
  session began has no `Trial` object, and Optuna's public interface sets attributes only there.
- A journal's lines may carry keys of their own (`journal.py` adds `more`): Optuna reads the keys
  that it knows.
- `NSGAIISampler` keeps its generations under the name of its class (`Nsga2Sampler:generation`),
  which therefore stays as it is (`evomerge.search.samplers.nsga2`).
"""

from collections.abc import Mapping
from typing import Any

import optuna
from optuna.trial import FrozenTrial


def set_attributes(study: optuna.Study, trial: FrozenTrial, attributes: Mapping[str, Any]) -> None:
    """Set user attributes of a trial that has not ended, whichever session began it."""
    for key, value in attributes.items():
        study._storage.set_trial_user_attr(trial._trial_id, key, value)
