"""The walker: what each value of a document is to mergekit, and documents changed and unchanged."""

from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from evomerge.recipe.document import LEFT_OUT, MODELS, Role, Visit, map_models, rebuild, walk

MERGE = yaml.safe_load("""
base_model: base
dtype: float32
merge_method: ties
modules:
  text:
    models: [{model: a, parameters: {weight: [0, 1]}}]
    parameters: {normalize: true}
  vision:
    slices:
      - base_model: c
        sources: [{model: b, layer_range: [0, 4]}, {model: base, layer_range: [1, 5]}]
parameters: {density: 0.5}
tokenizer:
  source: union
  tokens:
    x: {source: d}
    y: {source: {kind: model_token, model: e, token_id: 3}}
tokenizer_source: base
""")
MIXTURE = yaml.safe_load("""
base_model: base
experts:
  - {source_model: a, positive_prompts: [base, a], noise_scale: 0.1}
  - {source_model: union}
shared_experts: [{source_model: base}]
""")


@dataclass
class Two:
    """What writes inputs, as a pair does."""

    names: tuple[str, ...]

    @property
    def source(self) -> dict[str, Any]:
        return {"model": self.names, "parameters": {"weight": 1}}


def found(document: Any, *roles: Role) -> list[tuple[str, Any]]:
    return [(visit.name, visit.value) for visit in walk(document) if visit.role in roles]


def test_models_have_roles_and_readable_names() -> None:
    assert found(MERGE, *MODELS) == [
        ("base_model", "base"),
        ("model[text.a]", "a"),
        ("base_model[vision.slice0]", "c"),
        ("model[vision.slice0.b]", "b"),
        ("model[vision.slice0.base]", "base"),
        ("source[x]", "d"),
        ("model[y]", "e"),
    ]
    assert [value for _, value in found(MERGE, Role.TOKENIZER)] == ["d", "e"]
    assert [value for _, value in found(MIXTURE, Role.EXPERT)] == ["a", "union", "base"]


def test_layers_and_parameters() -> None:
    assert found(MERGE, Role.FIRST_LAYER) == [
        ("layer_range[vision.slice0.b.0]", 0),
        ("layer_range[vision.slice0.base.0]", 1),
    ]
    assert [value for _, value in found(MERGE, Role.END_LAYER)] == [4, 5]
    parameters = [(v.kind, v.tag, v.value) for v in walk(MERGE) if v.role is Role.PARAMETERS]
    assert parameters == [
        ("input", "text.a", {"weight": [0, 1]}),
        ("module", "text", {"normalize": True}),
        ("recipe", "", {"density": 0.5}),
    ]


def test_what_writes_inputs_is_visited_with_what_they_may_be() -> None:
    document = {"merge_method": "slerp", "models": Two(("a", "b"))}
    assert found(document, Role.GENERATOR) == [("models", document["models"])]
    assert found(document, Role.INPUT) == [("model", ("a", "b"))]
    assert found(document, Role.PARAMETERS) == [("parameters", {"weight": 1})]


def test_every_model_is_replaced_and_no_word() -> None:
    moved = map_models(MERGE, str.upper)
    names = [visit.value for visit in walk(moved) if visit.role in MODELS]
    assert names == ["BASE", "A", "C", "B", "BASE", "D", "E"]
    assert (moved["tokenizer_source"], moved["tokenizer"]["source"]) == ("base", "union")
    assert map_models(MIXTURE, str.upper)["experts"][0]["positive_prompts"] == ["base", "a"]


def test_a_change_may_leave_entries_out_and_reorder_mappings() -> None:
    def change(visit: Visit) -> Any:
        if visit.role is Role.NODE:
            return dict(sorted(visit.value.items(), reverse=True))
        return LEFT_OUT if visit.role is Role.PARAMETERS else visit.value

    made = rebuild(MERGE, change)
    assert list(made) == [key for key in sorted(MERGE, reverse=True) if key != "parameters"]
    assert made["modules"]["text"] == {"models": [{"model": "a"}]}


KEYS = (
    "models model slices sources modules tokenizer tokens source parameters base_model experts "
    "layer_range x"
).split()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from([*MERGE, *MIXTURE, "models", "slices"]), JSON))
def test_any_document_is_rebuilt_as_it_was(document: dict[str, Any]) -> None:
    assert rebuild(document, lambda visit: visit.value) == document


@pytest.mark.parametrize("document", [MERGE, MIXTURE])
def test_walking_changes_nothing(document: dict[str, Any]) -> None:
    before = yaml.safe_dump(document)
    walk(document)
    assert yaml.safe_dump(document) == before
