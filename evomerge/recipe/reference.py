"""What a recipe names as a model: a folder, a hub id, a zoo model, each with an adapter or not."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

_ADAPTER, _REVISION, _ZOO = "+", "@", "zoo://"


@dataclass(frozen=True)
class ZooModel:
    """A model, or the tasks, of a family that is made locally.

    Args:
        family: The family's name.
        model: What it is called there.
    """

    family: str
    model: str

    def __str__(self) -> str:
        return f"{_ZOO}{self.family}/{self.model}"


@dataclass(frozen=True)
class Reference:
    """A model as mergekit reads it: `model`, `model@revision`, `model+adapter`.

    Recipes and studies keep references as text; whoever asks what one is made of parses it.
    Any text can be parsed and gives the same text back; `is_plain` says whether mergekit would
    take it.

    Args:
        model: A folder, a hub id, or `zoo://family/model`.
        revision: Branch, tag or commit of a hub model, or None.
        adapter: A LoRA adapter on top of it, or None.
    """

    model: str
    revision: str | None = None
    adapter: "Reference | None" = None

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read a reference; `str` gives the text back."""
        own, plus, rest = text.partition(_ADAPTER)
        model, at, revision = own.partition(_REVISION)
        return cls(model, revision if at else None, cls.parse(rest) if plus else None)

    def __str__(self) -> str:
        own = self.model if self.revision is None else f"{self.model}{_REVISION}{self.revision}"
        return own if self.adapter is None else f"{own}{_ADAPTER}{self.adapter}"

    @property
    def alone(self) -> "Reference":
        """The model without its adapter."""
        return replace(self, adapter=None)

    @property
    def parts(self) -> tuple["Reference", ...]:
        """The model and what is added to it, each alone."""
        return (self.alone, *(self.adapter.parts if self.adapter else ()))

    @property
    def is_plain(self) -> bool:
        """Whether it is one model and at most one adapter, each with at most one revision."""
        return len(self.parts) <= 2 and all(
            str(part) and _REVISION not in (part.revision or "") for part in self.parts
        )

    @property
    def folder(self) -> Path:
        """Where the model without its adapter lies, if it is a folder."""
        return Path(str(self.alone))

    @property
    def zoo(self) -> ZooModel | None:
        """The zoo model that it names, its adapter left out, or None."""
        text = str(self.alone)
        if not text.startswith(_ZOO):
            return None
        family, _, model = text.removeprefix(_ZOO).partition("/")
        return ZooModel(family, model)

    @property
    def zoo_models(self) -> tuple[ZooModel, ...]:
        """Every zoo model among its parts."""
        return tuple(part.zoo for part in self.parts if part.zoo is not None)

    def with_adapter(self, adapter: "Reference | str") -> "Reference":
        """Return this model with an adapter on top, after those that it has."""
        return Reference.parse(f"{self}{_ADAPTER}{adapter}")

    def each(self, change: Callable[["Reference"], "Reference | str"]) -> "Reference":
        """Return the reference with the model and its adapter replaced, one by one.

        Args:
            change: Called with each part alone.
        """
        return Reference.parse(_ADAPTER.join(str(change(part)) for part in self.parts))

    def absolute(self, folder: Path) -> "Reference":
        """Return folders as absolute paths; hub ids and zoo models as they are.

        Args:
            folder: Where relative paths start.
        """
        return self.each(lambda part: _absolute(part, folder))

    @property
    def short_name(self) -> str:
        """The last part of its path, its adapter's where it has one."""
        return PurePath(str(self.parts[-1])).name.partition(_REVISION)[0]


def _absolute(part: Reference, folder: Path) -> Reference | str:
    text = str(part)
    if part.zoo is not None:
        return part
    path = absolute_path(text, folder)
    if text.startswith((".", "/", "~")):
        return str(path)
    try:
        return str(path) if path.is_dir() else part
    except OSError:  # too long to be a path
        return part


def absolute_path(path: str, folder: Path) -> Path:
    """Return a path as an absolute one; `~` is the user's home."""
    try:
        return (folder / Path(path).expanduser()).resolve()
    except RuntimeError:  # no such user: an ordinary name that starts with ~
        return (folder / path).resolve()


def short_names(references: Iterable[str], base: str | None = None) -> dict[str, str]:
    """Return a short name for each reference, each once: the last part of its path.

    Args:
        references: Folders, hub ids, `model+adapter`.
        base: The one of them that is called `base`, or None.
    """
    names: dict[str, str] = {}
    for reference in references:
        stem = "base" if reference == base else Reference.parse(reference).short_name
        name, copy = stem, 1
        while name in names.values():
            copy += 1
            name = f"{stem}-{copy}"
        names[reference] = name
    return names
