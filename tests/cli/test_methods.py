"""`evomerge methods`: mergekit's methods, and the parameters of one."""

import pytest
from mergekit.merge_methods import registered_methods

from evomerge.errors import InputError

from .conftest import invoke


def test_methods_are_those_of_mergekit() -> None:
    lines = invoke("methods").output.splitlines()
    assert {line.split()[0] for line in lines} == {m.spec.name for m in registered_methods()}
    della = invoke("methods", "della").output
    assert "epsilon" in della
    assert "2406.11617" in della
    with pytest.raises(InputError, match="did you mean 'ties'"):
        invoke("methods", "tise")
