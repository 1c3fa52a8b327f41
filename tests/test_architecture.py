"""The direction of imports, as drawn in docs/architecture.md, and what start-up may load."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "evomerge"

ROOMS = (
    "errors",
    "samplers",
    "settings",
    "files",
    "quiet",
    "methods",
    "recipe",
    "space",
    "zoo",
    "merge",
    "evaluate",
    "workers",
    "preflight",
    "search",
    "tracking",
    "report",
    "api",
    "cli",
)
"""In this order: a room imports itself and those before it."""
PARTS: dict[str, set[str]] = {
    "merge/mergekit": {"rebuild", "tensors"},
    "merge/kernels": {"mergekit", "tensors"},
    "merge/models": {"mergekit"},
    "space/generate": {"problems", "space"},
    "space/reading": {
        "domains",
        "generate",
        "hole",
        "pair",
        "places",
        "problems",
        "space",
        "stack",
        "template",
    },
    "evaluate/packing": set(),
    "search/records": set(),
    "search/descent": {"records"},
    "search/samplers": {"descent", "records"},
    "search/finals": {"loop", "records"},
}
"""A room within a room → what it may import of the room around it."""
HEAVY = {"torch", "transformers", "mergekit", "lm_eval", "optuna", "ray", "mlflow", "numpy"}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def rooms(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imported(path) if name.startswith("evomerge.")} - {
        "__version__"
    }


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_file_stands_in_a_room() -> None:
    known = {*ROOMS, "__init__", "__main__"}
    assert {room_of(path) for path in PACKAGE.rglob("*.py")} <= known


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_one_way(room: str) -> None:
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    for path in PACKAGE.rglob("*.py"):
        if room_of(path) == room:
            assert rooms(path) <= allowed, path


def module_of(path: Path) -> str:
    return ".".join(("evomerge", *path.relative_to(PACKAGE).with_suffix("").parts))


def test_modules_import_in_no_circle() -> None:
    modules = {module_of(path).removesuffix(".__init__"): path for path in PACKAGE.rglob("*.py")}
    known = {
        module: {
            found
            for name in imported(path)
            for found in (name, name.rpartition(".")[0])
            if found in modules and found != module and not modules[found].match("__init__.py")
        }
        for module, path in modules.items()
    }
    TopologicalSorter(known).prepare()


def test_rooms_within_rooms_import_one_way() -> None:
    folders = {
        path.parent
        for room in ("merge", "space", "evaluate", "search")
        for path in (PACKAGE / room).glob("*/__init__.py")
    }
    assert {folder.relative_to(PACKAGE).as_posix() for folder in folders} == PARTS.keys()
    for part, allowed in PARTS.items():
        room, own = part.split("/")
        found = {
            name.split(".")[2]
            for path in (PACKAGE / part).rglob("*.py")
            for name in imported(path)
            if name.startswith(f"evomerge.{room}.")
        }
        assert found - {own} <= allowed, part


@pytest.mark.parametrize("room", ["search", "tracking"])
def test_only_the_protocol_of_workers_is_known(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        for name in imported(path):
            if name.startswith("evomerge.workers"):
                assert name.startswith("evomerge.workers.protocol"), path


@pytest.mark.parametrize(
    ("library", "room"),
    [("ray", "workers"), ("mlflow", "tracking"), ("mergekit", "merge"), ("lm_eval", "evaluate")],
)
def test_each_library_has_one_home(library: str, room: str) -> None:
    for path in PACKAGE.rglob("*.py"):
        if any(name.split(".")[0] == library for name in imported(path)):
            assert path.is_relative_to(PACKAGE / room), path


@pytest.mark.parametrize("command", [["--help"], ["check", "--help"], ["--version"]])
def test_start_up_loads_nothing_heavy(command: list[str]) -> None:
    code = (
        "import sys, evomerge.cli\n"
        f"try: evomerge.cli.main({command!r})\n"
        "except SystemExit as stop: assert not stop.code\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
