"""Training is deterministic, lowers the loss, and leaves what an adapter stands on alone."""

import numpy as np
import torch

from evomerge.zoo.tiny.tokenizer import make_tokenizer
from evomerge.zoo.tiny.train import Course, new_model, train, with_adapter

COURSE = Course({"reverse": 0.5, "add": 0.5}, steps=20, learning_rate=3e-3, seed=1)


def trained(course: Course = COURSE) -> dict[str, torch.Tensor]:
    tokenizer = make_tokenizer()
    model = new_model(tokenizer)
    train(model, tokenizer, course, lambda fraction: None, batch=8, held_out=16)
    return model.state_dict()


def test_the_same_course_gives_the_same_model() -> None:
    one, again = trained(), trained()
    assert all(torch.equal(one[name], again[name]) for name in one)
    fresh = new_model(make_tokenizer()).state_dict()
    assert not any(torch.equal(one[name], fresh[name]) for name in one if "proj" in name)


def test_an_adapter_alone_is_trained_and_names_its_base() -> None:
    tokenizer, told = make_tokenizer(), []
    base = new_model(tokenizer)
    before = {name: tensor.clone() for name, tensor in base.state_dict().items()}
    tuned = with_adapter(base, "/where/it/will/lie")
    train(tuned, tokenizer, COURSE, told.append, batch=8, held_out=16)
    assert np.allclose(told, np.arange(1, 21) / 20)
    assert tuned.peft_config["default"].base_model_name_or_path == "/where/it/will/lie"
    learned = [weight for name, weight in tuned.named_parameters() if "lora_B" in name]
    assert len(learned) == 4 * 7
    assert all(weight.any() for weight in learned)
    after = tuned.unload().state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
