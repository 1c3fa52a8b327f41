"""Read what model files say of themselves, without loading a weight."""

import json
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evomerge.errors import InputError

Shapes = dict[str, tuple[int, ...]]
_DTYPE_BYTES = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "BOOL": 1} | {
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("I8", "U8", "F8_E4M3", "F8_E5M2"), 1),
}


@dataclass(frozen=True)
class TensorHeaders:
    """The tensors of a model or adapter folder.

    Args:
        files: The weight files.
        shapes: Tensor name → shape; empty where the files are pickles.
        dtypes: Tensor name → dtype as safetensors writes it.
    """

    files: tuple[Path, ...]
    shapes: Shapes
    dtypes: dict[str, str]


def read_headers(folder: Path, stem: str = "model") -> TensorHeaders:
    """Read the headers of a folder's weights and check that the files are whole.

    Args:
        folder: A model's or adapter's folder.
        stem: `model`, or `adapter_model`.

    Raises:
        InputError: No weights, a missing shard, a truncated or corrupt file.
    """
    pickled = "pytorch_model" if stem == "model" else stem
    for name in (f"{stem}.safetensors", f"{pickled}.bin"):
        index = folder / f"{name}.index.json"
        if index.exists():
            weight_map = _shards(index)
            files = [folder / shard for shard in sorted(set(weight_map.values()))]
            missing = [file.name for file in files if not file.exists()]
            if missing:
                raise InputError(
                    f"{index.name} names {', '.join(missing)}, which is missing",
                    where=str(folder),
                    help="copy or download the model again",
                )
            return _read(files, weight_map)
        if (folder / name).exists():
            return _read([folder / name], None)
    holds = ", ".join(sorted(p.name for p in folder.iterdir())[:8]) or "nothing"
    raise InputError(
        f"no {stem}.safetensors, {pickled}.bin or index of shards; the folder holds {holds}",
        where=str(folder),
    )


def read_json(file: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InputError: It is unreadable or no object.
    """
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", where=str(file)) from None
    if not isinstance(value, dict):
        raise InputError("is no JSON object", where=str(file))
    return value


def _shards(index: Path) -> dict[str, str]:
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise InputError("has no weight_map", where=str(index))
    return weight_map


def _read(files: list[Path], weight_map: dict[str, str] | None) -> TensorHeaders:
    shapes: Shapes = {}
    dtypes: dict[str, str] = {}
    for file in files:
        if file.suffix == ".bin":
            if not zipfile.is_zipfile(file):
                raise _corrupt(file, "it is no torch archive")
            continue
        header = _safetensors_header(file)
        for name, entry in header.items():
            shapes[name], dtypes[name] = tuple(entry["shape"]), entry["dtype"]
        lost = [
            n for n, shard in (weight_map or {}).items() if shard == file.name and n not in header
        ]
        if lost:
            raise _corrupt(file, f"it lacks {lost[0]}, which the index places in it")
    return TensorHeaders(tuple(files), shapes, dtypes)


def _safetensors_header(file: Path) -> dict[str, Any]:
    size = file.stat().st_size
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > min(size - 8, 100_000_000):
                raise _corrupt(file, f"its header claims {length} bytes, the file has {size}")
            header: dict[str, Any] = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        ends = [0]
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            count = 1
            for extent in entry["shape"]:
                count *= extent
            width = _DTYPE_BYTES.get(entry["dtype"])
            if width is not None and end - begin != count * width:
                raise _corrupt(file, f"{name} has {end - begin} bytes for {entry['shape']}")
            ends.append(end)
    except (struct.error, ValueError, KeyError, TypeError, AttributeError):
        raise _corrupt(file, "its header cannot be read") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(file)) from None
    if 8 + length + max(ends) != size:
        expected = 8 + length + max(ends)
        kind = "truncated" if size < expected else "longer than its header says"
        raise _corrupt(file, f"it is {kind}: {size} bytes, expected {expected}")
    return header


def _corrupt(file: Path, what: str) -> InputError:
    return InputError(
        f"the weights are corrupt: {what}",
        where=str(file),
        help="copy or download the file again",
    )
