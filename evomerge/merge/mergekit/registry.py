"""Write the table of merge methods: `python -m evomerge.merge.mergekit.registry`.

It comes from mergekit's own registry and is frozen into `evomerge/methods/methods.json`, so that
reading a space needs no torch.
"""

import json
import sys
from typing import Any, get_args

from mergekit import merge_methods


def method_table() -> list[dict[str, Any]]:
    """Return every registered merge method's contract as plain JSON types, sorted by name."""
    return sorted(
        (_row(method.spec) for method in merge_methods.registered_methods()),
        key=lambda row: str(row["name"]),
    )


def _row(spec: Any) -> dict[str, Any]:
    contract = spec.contract
    return {
        "name": spec.name,
        "pretty_name": spec.pretty_name,
        "reference": spec.reference_url,
        "base": contract.base.value,
        "min_inputs": contract.min_inputs,
        "max_inputs": contract.max_inputs,
        "min_non_base": contract.min_non_base,
        "max_non_base": contract.max_non_base,
        "parameters": [
            {
                "name": parameter.name,
                "type": _type_name(parameter.value_type),
                "scope": parameter.scope.value,
                "required": parameter.required,
                "default": None if parameter.required else parameter.default,
            }
            for parameter in spec.parameters
        ],
    }


def _type_name(value_type: Any) -> str:
    optional = [kind for kind in get_args(value_type) if kind is not type(None)]
    name: str = (optional[0] if optional else value_type).__name__
    return name


if __name__ == "__main__":
    json.dump(method_table(), sys.stdout, indent=1)
    sys.stdout.write("\n")
