"""What other libraries may say, and where they may write: told once a process.

Nothing is redirected and nothing is muted for a while: a warning of evomerge's own, or of a
user's plug-in, reaches the screen at any time.
"""

import logging
import os
import sys
from importlib import import_module
from pathlib import Path

from evomerge.files import cache_dir

SERVICES = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # Ray tells the end of a node on stdout
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""What MLflow and Ray read as they are loaded; a variable that the user has set stays."""

ENVIRONMENT = {
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",  # those of transformers too
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that wait do not take a shared core from others
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",  # mergekit's bars have no other switch
    "TRANSFORMERS_VERBOSITY": "error",
}
"""What other libraries read as they are loaded: only for processes that are evomerge's own."""

LEVELS = {
    "alembic": logging.ERROR,
    "lm_eval": logging.ERROR,
    "mergekit": logging.CRITICAL,  # what it logs as an error, a failure's message says too
    "mlflow": logging.ERROR,
    "optuna": logging.ERROR,
}
"""Logger → the least level that is shown."""


SWITCHES = {
    "datasets": ("disable_progress_bars",),
    "huggingface_hub.utils": ("disable_progress_bars",),
    "transformers.utils.logging": ("disable_progress_bar", "set_verbosity_error"),
}
"""Module → its functions that silence a library."""


def own_process() -> None:
    """Hush every library of a process that is evomerge's own. Idempotent.

    Call it before they are loaded.
    """
    places = {"NUMBA_CACHE_DIR": str(cache_dir() / "kernels")}
    for variable, value in (ENVIRONMENT | places).items():
        os.environ.setdefault(variable, value)
    hush()


def hush(*, load: bool = False) -> None:
    """Hush libraries by their own switches, in a process that may be a user's. Idempotent.

    Call it again after Optuna is loaded, which sets its level then.

    Args:
        load: Load the libraries that have no switch before, instead of leaving them out.
    """
    for variable, value in SERVICES.items():
        os.environ.setdefault(variable, value)
    for name, level in LEVELS.items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger().addFilter(_not_from_mergekit)
    for name, switches in SWITCHES.items():
        if not load and name not in sys.modules:
            continue
        module = import_module(name)
        for switch in switches:
            getattr(module, switch)()


def _not_from_mergekit(record: logging.LogRecord) -> bool:
    """Refuse what mergekit says through the root logger, as much of it does."""
    mergekit = getattr(sys.modules.get("mergekit"), "__file__", None)
    return mergekit is None or not Path(record.pathname).is_relative_to(Path(mergekit).parent)
