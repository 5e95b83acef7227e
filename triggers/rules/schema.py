"""JSON Schema of rules and shop settings, for editors that complete and check YAML while it is written."""

from __future__ import annotations

from typing import Any, Final, Literal

from triggers.rules.audiences import WrittenAudience
from triggers.rules.values import Written
from triggers.rules.written import WrittenRule
from triggers.rules.written_shop import WrittenShop

_MODELS: Final[dict[str, type[Written]]] = {"rule": WrittenRule, "shop": WrittenShop, "audience": WrittenAudience}


def editor_schema(kind: Literal["rule", "shop", "audience"]) -> dict[str, Any]:
    """Draft 2020-12, from the same models that `rules check` reads with."""
    schema = _MODELS[kind].model_json_schema(by_alias=True, mode="validation")
    _plain_titles(schema)
    schema.pop("title", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": {"rule": "Rewake rule", "shop": "Rewake shop settings", "audience": "Rewake audience"}[kind],
        **schema,
    }


def _plain_titles(node: Any) -> None:
    """Takes out the titles pydantic makes of Python names: an editor would show them instead of the description."""
    if isinstance(node, dict):
        if isinstance(node.get("title"), str) and any(word in node for word in ("type", "anyOf", "$ref", "enum")):
            del node["title"]
        for value in node.values():
            _plain_titles(value)
    elif isinstance(node, list):
        for value in node:
            _plain_titles(value)
