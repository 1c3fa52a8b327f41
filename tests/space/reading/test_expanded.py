"""Shorthand written out is a space again, the same one."""

from pathlib import Path

from evomerge.space.reading.expanded import expanded_text
from evomerge.space.reading.load import load_space, read_space

SPACE = """
models: {base: /m/base, a: /m/a, b: /m/b}
base_model: base
methods: [ties, slerp]
evaluate: {tasks: [{task: t, metric: acc}]}
"""


def test_shorthand_is_written_out(tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(SPACE)
    space = load_space(file, ["budget.trials=7"])
    text = expanded_text(space)
    again = read_space(text, file)
    assert [t.label for t in again.templates] == [t.label for t in space.templates]
    assert again.parameters() == space.parameters()
    assert (again.name, again.budget.trials) == ("short", 7)
    assert "methods:" not in text
    assert "# ties: TIES, https://arxiv.org/abs/2306.01708\n" in text
