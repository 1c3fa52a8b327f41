"""One token a character, the first three for padding, the end and what is unknown."""

from evomerge.zoo.tiny.tokenizer import EOS, PAD, UNKNOWN, make_tokenizer


def test_each_character_is_a_token() -> None:
    tokenizer = make_tokenizer()
    ids = tokenizer("add 12+34>046")["input_ids"]
    assert len(set(ids)) == len("ad 12+34>06")
    assert "".join(tokenizer.convert_ids_to_tokens(ids)) == "add 12+34>046"
    assert min(ids) > UNKNOWN
    assert tokenizer("A")["input_ids"] == [UNKNOWN]
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id) == (PAD, EOS)
