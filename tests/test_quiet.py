"""Libraries are hushed once; what evomerge or a plug-in has to say reaches the screen."""

import subprocess
import sys

SPEAK = """
import logging, sys, warnings
from evomerge.quiet import hush
hush()
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
