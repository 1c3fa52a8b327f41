"""Load a merged folder for scoring: the slow, universal way of `mode: disk`."""

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel
from transformers import PreTrainedTokenizerBase as Tokenizer


def load_folder(folder: Path, device: str = "cpu") -> tuple[PreTrainedModel, Tokenizer]:
    """Return the model of a folder, in evaluation mode and its own dtype, and its tokenizer.

    Args:
        folder: As `mergekit-yaml` writes it.
        device: Where to put it.
    """
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
    model.train(False)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    torch.nn.Module.to(model, device)
    return model, tokenizer
