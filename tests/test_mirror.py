"""Tests mirror the code: `tests/space/test_pair.py` for `evomerge/space/pair.py`."""

from pathlib import Path

ROOT = Path(__file__).parents[1]

WITHOUT_MIRROR = {
    "merge/kernels/compiled.py": "loops of its neighbours, whose tests hold each bit",
    "search/finals/outcome.py": "a value; nothing is computed",
    "zoo/smollm2/base.py": "unpacks a wheel of 93 MB",
    "zoo/smollm2/build.py": "unpacks a wheel of 93 MB; its parts are tested",
    "zoo/family.py": "a value; nothing is computed",
    "zoo/smollm2/experts.py": "a table",
    "zoo/smollm2/finetune.py": "trains for an hour; `training.py` is tested",
}
"""Module → why it has no test file of its own."""

OF_SEVERAL = {
    "api/test_docs.py": "the examples of docs/api.md",
    "benchmarks/test_scripts.py": "the scripts beside the package",
    "cli/test_bad_input.py": "every way to be wrong, through the whole command",
    "cli/test_gallery.py": "every space of the gallery, searched",
    "cli/test_plugins.py": "a plug-in from its table to the merged folder",
    "docs/test_pages.py": "every page of prose",
    "docs/test_tables.py": "the tables of docs/space.md",
    "merge/test_architectures.py": "merging, placing and stacking, by architecture",
    "merge/test_forms.py": "reading and merging what mergekit's users write",
    "merge/test_vocabularies.py": "merging and tokenizers, by rule",
    "search/test_kill.py": "driver, study and run, killed",
    "space/test_gallery.py": "every space of the gallery, read",
    "test_architecture.py": "imports",
    "test_mirror.py": "this file",
    "test_private_names.py": "what is private in the libraries",
    "test_public.py": "what the package gives",
    "workers/test_pools.py": "what every pool must do",
    "workers/test_nodes.py": "a search on a cluster that loses a node and gains one",
    "workers/test_search.py": "driver and pools together",
}
"""Test files that name no module → what they are about."""


def modules() -> set[str]:
    """Return the modules that ought to be mirrored."""
    found = (ROOT / "evomerge").rglob("[!_]*.py")
    return {path.relative_to(ROOT / "evomerge").as_posix() for path in found}


def mirror(module: str) -> str:
    """Return where the tests of a module stand."""
    return Path(module).with_name(f"test_{Path(module).name}").as_posix()


def packages() -> set[str]:
    """Return where the tests of a package's own `__init__` may stand."""
    found = (ROOT / "evomerge").rglob("*/__init__.py")
    folders = [path.parent.relative_to(ROOT / "evomerge") for path in found]
    return {(folder / f"test_{folder.name}.py").as_posix() for folder in folders}


def written() -> set[str]:
    """Return the test files."""
    return {path.relative_to(ROOT / "tests").as_posix() for path in ROOT.glob("tests/**/test_*.py")}


def test_every_module_has_a_test_file_of_its_own() -> None:
    lacking = {module for module in modules() if mirror(module) not in written()}
    assert lacking == WITHOUT_MIRROR.keys()


def test_every_test_file_names_a_module() -> None:
    strays = written() - {mirror(module) for module in modules()} - packages()
    assert strays == OF_SEVERAL.keys()
