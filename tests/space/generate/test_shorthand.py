"""`recipes: auto` and `methods: [...]` are written out as recipes."""

import pytest

from evomerge.errors import InputError
from evomerge.space.reading.expanded import expanded
from evomerge.space.reading.yaml import write_yaml

from ..examples import read

SPACE = """\
name: demo
models: {base: org/base, a: org/a, b: org/b, c: org/c}
recipes: auto
evaluate: {tasks: [{task: toy, metric: acc}]}
"""


def test_the_expansion_is_the_same_space_written_out() -> None:
    short = read(SPACE)
    text = write_yaml(expanded(short))
    assert "auto" not in text
    assert "&id" not in text
    long = read(text)
    assert long.parameters() == short.parameters()
    assert long.templates == short.templates


def test_a_list_of_methods_is_kept_to() -> None:
    space = read(SPACE.replace("recipes: auto", "methods: [ties, slerp]"))
    assert [t.methods for t in space.templates] == [("slerp",), ("ties",)]
    other = SPACE.replace("recipes: auto", "methods: [ties]\nbase_model: c")
    assert read(other).templates[0].document["base_model"] == "c"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("recipes: auto", "recipes: automatic", "space.yaml:3:10: recipes must be a list of"),
        ("recipes: auto", "methods: [tise]", "3:11: unknown merge method 'tise'. help: did you"),
        ("recipes: auto", "methods: [ties, ties]", "3:17: ties stands twice"),
        ("recipes: auto", "methods: []", "methods must be a list of merge methods, got []"),
        ("recipes: auto", "methods: [passthrough]", "does not fit these models: it copies one"),
        ("recipes: auto", "recipes: auto\nbase_model: bse", "unknown model 'bse'. help: did you"),
        ("recipes: auto", "recipes: []\nmethods: [ties]", "recipes or methods, not both"),
        (", b: org/b, c: org/c", "", "model_stock does not fit these models: it needs 2 models"),
        ("a: org/a, b: org/b, c: org/c", "", "no merge method fits these models"),
        ("models: {base: org/base, a: org/a, b: org/b, c: org/c}\n", "", "recipes needs models"),
    ],
)
def test_mistakes_in_shorthand(old: str, new: str, message: str) -> None:
    text = SPACE.replace(old, new)
    if "model_stock" in message:
        text = text.replace("recipes: auto", "methods: [model_stock]")
    with pytest.raises(InputError) as caught:
        read(text)
    assert message in str(caught.value)
    assert len(caught.value.others) == 0
