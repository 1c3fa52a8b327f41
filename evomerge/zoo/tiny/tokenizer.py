"""The tiny family's tokenizer: one token a character, as a real fast tokenizer."""

import string

from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

_CHARACTERS = string.ascii_lowercase + string.digits + " +>"
PAD, EOS, UNKNOWN = 0, 1, 2


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Return the tokenizer; ids 0 to 2 are `<pad>`, `<eos>`, `<unk>`."""
    tokens = ["<pad>", "<eos>", "<unk>", *_CHARACTERS]
    raw = Tokenizer(models.WordLevel({t: i for i, t in enumerate(tokens)}, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=raw, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )
