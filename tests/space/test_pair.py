"""Two of several models: which two is one parameter."""

from evomerge.space.domains import ChoiceDomain, Parameter
from evomerge.space.pair import Pair

from .examples import PLAIN, read

SLERP = PLAIN[: PLAIN.index("recipes:")] + (
    "recipes:\n"
    "  - merge_method: slerp\n"
    "    models: {pair: [base, rev, sort]}\n"
    "    parameters: {t: {float: [0, 1]}}\n"
    "evaluate: {tasks: [{task: toy, metric: acc}]}\n"
)


def test_pairs_are_ordered_or_not() -> None:
    parameter = Pair(("a", "b", "c"), False, {}).parameter("slerp")
    assert parameter == Parameter("slerp.pair", ChoiceDomain(("a + b", "a + c", "b + c")))
    ordered = Pair(("a", "b"), True, {})
    assert ordered.parameter("x").domain.ends == ("a + b", "b + a")
    assert ordered.models("b + a") == ("b", "a")


def test_it_writes_two_inputs() -> None:
    pair = Pair(("a", "b", "c"), False, {"weight": 1})
    written = pair.write("x", lambda _: "a + c", lambda entry, tag: (entry, tag))
    assert written == [
        ({"model": "a", "parameters": {"weight": 1}}, "first"),
        ({"model": "c", "parameters": {"weight": 1}}, "second"),
    ]


def test_the_first_is_the_base_where_a_method_wants_one() -> None:
    space = read(SLERP)
    document = space.recipe({"slerp.pair": "rev + sort", "slerp.t": 0.5}).document
    assert document["base_model"] == "org/rev"
    assert document["models"] == [{"model": "org/rev"}, {"model": "org/sort"}]
    assert space.references == ("org/base", "org/rev", "org/sort")
    assert space.base is None
