"""What a recipe asks of its models at every point."""

from evomerge.space.demands import Demands, demands

from .examples import RICH, read


def test_plain_values_for_every_recipe() -> None:
    found = {template.label: demands(template) for template in read(RICH).templates}
    assert found["vectors"] == Demands(None, (), (3,), ("self_attn", "mlp"))
    assert found["slerp"] == Demands(None, (), (5,), ())
    assert found["passthrough"] == Demands(None, (1, 4), (), ())
    assert found["nearswap"] == Demands(None, (), (), ("mlp",))


def test_a_stack_asks_for_its_depth_and_filters() -> None:
    stack = (
        "models: {a: org/a}\n"
        "recipes:\n"
        "  - merge_method: passthrough\n"
        "    stack: {models: [a], layers: 10, blocks: 2, length: 4,\n"
        "            parameters: {scale: [{filter: o_proj, value: {float: [0, 1]}}, {value: 1}]}}\n"
        "evaluate: {tasks: [{task: toy, metric: acc}]}\n"
    )
    assert demands(read(stack).templates[0]) == Demands(10, (), (), ("o_proj",))
