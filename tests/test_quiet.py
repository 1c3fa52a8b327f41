"""Libraries are hushed once; what evomerge or a plug-in has to say reaches the screen."""

import os
import subprocess
import sys

from evomerge.quiet import ENVIRONMENT, SERVICES

SPEAK = """
import logging, sys, warnings
from evomerge.quiet import hush, own_process
own_process()
import optuna, tqdm, transformers
from mergekit.moe.config import MoEMergeConfig, is_bad_config
from transformers.utils import logging as transformers_logging
hush()

list(tqdm.tqdm([1], desc="a bar"))
list(transformers_logging.tqdm([1], desc="a bar"))
is_bad_config(MoEMergeConfig(base_model="x", experts=[], num_experts_per_token=0))
logging.getLogger("mergekit.merge").error("mergekit's own logger")
logging.getLogger("lm_eval.api").warning("lm-eval")
transformers_logging.get_logger("transformers.models").warning("transformers")
optuna.logging.get_logger("optuna.study").warning("optuna")

logging.getLogger("evomerge.evaluate").warning("ours")
logging.warning("a plug-in's, through the root logger")
warnings.warn("a plug-in's, as Python warns")
print("a plug-in's, printed", file=sys.stderr)
"""

GUEST = """
import os
import datasets, optuna, tqdm, transformers
from transformers.utils import logging as transformers_logging
before = dict(os.environ)
from evomerge.quiet import SERVICES, hush
hush(load=True)

list(transformers_logging.tqdm([1], desc="a bar"))
list(datasets.utils.tqdm([1], desc="a bar"))
transformers_logging.get_logger("transformers.models").warning("transformers")
optuna.logging.get_logger("optuna.study").warning("optuna")
assert {name for name in os.environ if os.environ[name] != before.get(name)} <= set(SERVICES)
list(tqdm.tqdm([1], desc="the user's bar"))
"""


def test_in_a_user_s_process_switches_do_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GUEST], env=_bare(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stderr.replace("\r", "\n").split(":")[0].split()) == {"the", "user's", "bar"}


def _bare() -> dict[str, str]:
    """Return this process's environment without what hushes it."""
    hushed = {*SERVICES, *ENVIRONMENT}
    return {name: value for name, value in os.environ.items() if name not in hushed}


def test_libraries_are_silent_and_others_are_heard() -> None:
    told = subprocess.run([sys.executable, "-c", SPEAK], capture_output=True, text=True, check=True)
    lines = [line for line in told.stderr.splitlines() if not line.startswith("  ")]
    assert [line.rsplit(":", 1)[-1].strip() for line in lines] == [
        "ours",
        "a plug-in's, through the root logger",
        "a plug-in's, as Python warns",
        "a plug-in's, printed",
    ]
    assert told.stdout == ""
