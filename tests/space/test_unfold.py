"""Holes for each layer, part or tensor give each its own value, as mergekit reads it."""

from dataclasses import replace
from typing import Any

import pytest
from mergekit.config import InputModelDefinition, evaluate_setting

from evomerge.errors import InputError
from evomerge.space.domains import ChoiceDomain, Domain, FloatDomain, IntDomain
from evomerge.space.hole import Hole
from evomerge.space.outline import Outline, place
from evomerge.space.unfold import folded, parts, unfold

from .examples import read
from .shapes import SHAPES

WEIGHT = FloatDomain(0, 1)
SPACE = """\
models: {base: org/base, a: org/a, b: org/b}
recipes:
  - merge_method: task_arithmetic
    base_model: base
    models:
      - {model: a, parameters: {weight: {float: [0, 1], tensors: each}}}
      - {model: b, parameters: {weight: 1}}
evaluate: {tasks: [{task: toy, metric: acc}]}
"""


def read_back(hole: Hole, outline: Outline) -> dict[str, Any]:
    """Return tensor → name of the parameter whose value mergekit reads for it.

    Values are numbers far apart, or texts; mergekit checks and evaluates the setting.
    """
    written = replace(hole, unfolded=parts(hole, outline))
    names = [parameter.name for parameter in written.parameters("w")]
    texts = isinstance(hole.domain, ChoiceDomain)
    value = written.fill("w", lambda p: p.name if texts else names.index(p.name))
    entry = InputModelDefinition(model="a", parameters={"w": value})
    found = {}
    for tensor in outline.names:
        at = place(tensor)
        depth = outline.layers[at.stack] if at else 1
        t = 0 if at is None else at.layer / (depth - 1) if depth > 1 else 1
        got = evaluate_setting(tensor, entry.parameters["w"], t, validate=lambda x: x)
        found[tensor] = got if texts else names[round(got)]
        assert texts or abs(got - round(got)) < 1e-9
    assert set(found.values()) == set(names)
    return found


@pytest.mark.parametrize("domain", [WEIGHT, IntDomain(0, 9), ChoiceDomain(("a", "b"))], ids=repr)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_tensor_has_a_value_and_no_other_has_it(shape: str, domain: Domain) -> None:
    found = read_back(Hole(domain, each=("tensors",)), Outline.of(SHAPES[shape]))
    assert len(set(found.values())) == len(found) == len(SHAPES[shape])


@pytest.mark.parametrize("shape", SHAPES)
def test_every_part_of_every_layer_has_a_value(shape: str) -> None:
    outline = Outline.of(SHAPES[shape])
    found = read_back(Hole(WEIGHT, each=("layers", "modules")), outline)
    owners: dict[str, set[str]] = {}
    for tensor, name in found.items():
        at = place(tensor)
        part = f"{at.stack}.{at.layer}.{at.kind.split('.')[0]}" if at else tensor
        owners.setdefault(name, set()).add(part)
    assert all(len(parts) == 1 for parts in owners.values())
    assert len({part for parts in owners.values() for part in parts}) == len(owners)


@pytest.mark.parametrize("depth", range(1, 130))
def test_what_cannot_be_mixed_is_read_as_proposed_at_any_depth(depth: int) -> None:
    outline = Outline.of([f"h.{layer}.w" for layer in range(depth)])
    found = read_back(Hole(ChoiceDomain(("a", "b")), each=("layers",)), outline)
    assert len(set(found.values())) == depth


def test_forms_beside_each_other() -> None:
    outline = Outline.of(SHAPES["llama"])

    def names(hole: Hole) -> list[str]:
        return [p.name for p in replace(hole, unfolded=parts(hole, outline)).parameters("w")]

    assert names(Hole(WEIGHT, each=("layers",))) == [f"w[{layer}]" for layer in range(13)]
    assert names(Hole(WEIGHT, modules=("mlp",), each=("layers",)))[12:14] == [
        "w[mlp][12]",
        "w[rest][0]",
    ]
    each_module = names(Hole(WEIGHT, each=("modules",), name="v"))
    assert each_module == [
        "v[input_layernorm]",
        "v[mlp]",
        "v[post_attention_layernorm]",
        "v[self_attn]",
        "v[lm_head]",
        "v[embed_tokens]",
        "v[model.norm]",
    ]
    coarse = names(Hole(WEIGHT, layers=2, each=("modules",)))
    assert coarse[:3] == ["w[input_layernorm][0]", "w[input_layernorm][1]", "w[mlp][0]"]
    assert len(coarse) == 4 * 2 + 3


def test_a_space_holds_plain_holes_once_it_is_unfolded() -> None:
    space = read(SPACE)
    assert folded(space.templates[0])
    assert [p.name for p in space.parameters()] == ["task_arithmetic.weight[a][each]"]
    found = unfold(space, {"task_arithmetic": Outline.of(SHAPES["llama"])})
    assert not folded(found.templates[0])
    names = [p.name for p in found.parameters()]
    assert len(names) == len(SHAPES["llama"])
    assert "task_arithmetic.weight[a][q_proj][3]" in names
    assert names == [p.name for p in found.shared_parameters]
    values = {name: index / 100 for index, name in enumerate(names)}
    sources = found.sources(values)
    assert sorted(sources.values()) == sorted(names)
    weight = found.recipe(values).document["models"][0]["parameters"]["weight"]
    assert weight[-1] == {"value": values["task_arithmetic.weight[a][model.norm]"]}
    assert unfold(space, {}) == space


SLICES = SPACE.replace(
    """\
    models:
      - {model: a, parameters: {weight: {float: [0, 1], tensors: each}}}
      - {model: b, parameters: {weight: 1}}
""",
    """\
    slices:
      - sources:
          - {model: base, layer_range: [0, 4]}
          - {model: a, layer_range: [2, 6], parameters: {weight: {float: [0, 1], layers: each}}}
      - sources:
          - {model: base, layer_range: [4, 6]}
          - {model: a, layer_range: [6, 8], parameters: {weight: {float: [0, 1], tensors: each}}}
      - sources:
          - {model: base, layer_range: [6, 7]}
          - {model: a, layer_range: [8, 9], parameters: {weight: {float: [0, 1], tensors: each}}}
""",
)


def test_in_slices_each_layer_of_the_slice() -> None:
    outline = Outline.of(SHAPES["llama"])
    names = [p.name for p in unfold(read(SLICES), {"task_arithmetic": outline}).parameters()]
    counts = [sum(f"slice{n}" in name for name in names) for n in range(3)]
    assert counts == [4, 2 * 9, 9 + 1]
    assert names[-1] == "task_arithmetic.weight[slice2.a][rest]"
    alone = SLICES[: SLICES.index("      - sources:\n          - {model: base, layer_range: [4")]
    whole = alone.replace("layers: each", "tensors: each") + SLICES[SLICES.index("evaluate") :]
    found = unfold(read(whole), {"task_arithmetic": outline})
    assert len(found.parameters()) == 4 * 9 + 3


def test_what_cannot_be_unfolded_is_told_where_it_stands_and_all_at_once() -> None:
    recipe = SPACE[SPACE.index("  - merge_method") : SPACE.index("evaluate")]
    twice = SPACE.replace("evaluate", recipe + "evaluate").replace("tensors: each", "layers: each")
    outline = Outline.of(SHAPES["two stacks"])
    with pytest.raises(InputError) as caught:
        unfold(read(twice), {"task_arithmetic": outline, "task_arithmetic-2": outline})
    found = [caught.value, *caught.value.others]
    assert [str(error.where).split(":", 1)[1] for error in found] == ["6:65", "11:65"]
    assert all("weight: layers: each needs one stack" in error.what for error in found)
    assert "has 5 in model.layers and 3 in vision.blocks" in found[0].what
    allowed = twice.replace("layers: each", "layers: 3")
    assert found[0].help.startswith("layers: 3 ")
    assert len(read(allowed).parameters()) == 1 + 2 * 3
