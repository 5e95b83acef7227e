"""What pydantic found wrong with a document -> `RuleError`s with the place in the file and a suggestion."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from triggers.rules.documents import Document, Path
from triggers.rules.errors import RuleError
from triggers.rules.values import closest, listed
from triggers.rules.written import WrittenTrigger

_WANTED = {
    "string_type": ("a text", "put it in quotes"),
    "int_type": ("a whole number", None),
    "bool_type": ("`true` or `false`", None),
    "decimal_type": ("a number", None),
    "model_type": ("fields of its own", None),
    "model_attributes_type": ("fields of its own", None),
    "dict_type": ("fields of its own", None),
    "tuple_type": ("a list", "begin each line with `- `"),
    "list_type": ("a list", "begin each line with `- `"),
}

_TRIGGER_EXAMPLE = "`trigger: {cart_abandoned: {idle: 60m}}`"


def explain(error: ValidationError, document: Document, model: type[BaseModel]) -> list[RuleError]:
    """One `RuleError` for each mistake, but for values that could not even be read (they have theirs already)."""
    found = []
    details = error.errors(include_url=False)
    misspelt = {
        (*detail["loc"][:-1], near)
        for detail in details
        if detail["type"] == "extra_forbidden" and (near := _near(detail["loc"], model)) is not None
    }
    for detail in details:
        path: Path = tuple(detail["loc"])
        if any(path[:length] in document.broken for length in range(len(path) + 1)):
            continue
        if detail["type"] == "missing" and path in misspelt:
            continue  # it is there under a wrong name, which is said already
        if detail["type"] == "too_short" and detail["input"]:
            continue  # pydantic counts the entries without mistakes alone
        found.append(_explain_one(str(detail["type"]), detail, path, document, model))
    return found


def _explain_one(
    kind: str, detail: Mapping[str, Any], path: Path, document: Document, model: type[BaseModel]
) -> RuleError:
    field = _field_name(path)
    context: Mapping[str, Any] = detail.get("ctx", {})
    value = detail.get("input")
    if kind == "rewake":
        return document.error(document.place(path), str(context["message"]), context.get("hint"))
    if kind == "extra_forbidden":
        parent = _model_at(model, path[:-1])
        noun = "trigger" if parent is WrittenTrigger else "field"
        hint = _known(str(path[-1]), parent, model, document)
        return document.error(document.key_place(path), f"unknown {noun} `{path[-1]}`", hint)
    if kind == "missing":
        owner = _field_name(path[:-1])
        place = document.key_place(path[:-1]) if isinstance(path[-2:-1], str) else document.place(path[:-1])
        return document.error(place, f"{owner} needs `{path[-1]}`" if owner else f"`{path[-1]}` is missing")
    place = document.place(path)
    if value is None:
        # an empty value "begins" at whatever comes next, so its field is shown
        place = document.key_place(path)
        return document.error(place, f"{field or 'the document'} is empty", "give it a value or leave it out")
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        near = closest(value, choices) if isinstance(value, str) else None
        hint = f"did you mean `{near}`?" if near else f"choose one of {listed(choices)}"
        return document.error(place, f"{field} cannot be `{_short(value)}`", hint)
    if kind in _WANTED:
        wanted, hint = _WANTED[kind]
        if wanted == "fields of its own":
            fields = _model_at(model, path)
            hint = f"known here: {listed(_names(fields))}" if fields else None
            if fields is WrittenTrigger:
                hint = f"write for example {_TRIGGER_EXAMPLE}"
        return document.error(place, f"{field or 'a rule'} should be {wanted}, not {_kind_of(value)}", hint)
    if kind == "too_short":
        return document.error(place, f"{field} needs at least one entry")
    if kind == "too_long":
        return document.error(place, f"{field} has more than {context.get('max_length')} entries")
    if kind == "string_too_long":
        return document.error(place, f"{field} is longer than {context.get('max_length')} characters")
    if kind == "greater_than_equal":
        return document.error(place, f"{field} must be at least {context.get('ge')}")
    if kind == "less_than_equal":
        return document.error(place, f"{field} must be at most {context.get('le')}")
    return document.error(place, f"{field}: {detail['msg']}")


def _field_name(path: Path) -> str:
    """`steps[1].sms` -> "`sms` of step 2"; a marketer counts from one."""
    if not path:
        return ""
    if isinstance(path[-1], int):
        if path[-2:-1] == ("steps",):
            return f"step {path[-1] + 1}"
        return f"entry {path[-1] + 1} of `{path[-2]}`"
    if path[0] == "steps" and len(path) > 2 and isinstance(path[1], int):
        return f"`{path[-1]}` of step {path[1] + 1}"
    return f"`{path[-1]}`"


def _known(name: str, parent: type[BaseModel] | None, root: type[BaseModel], document: Document) -> str | None:
    """What the unknown field `name` may have been meant as. Of triggers, the rule's own alone is looked at."""
    if parent is None:
        return None
    if name == "<<":
        return "merge keys are not YAML 1.2"
    here = _names(parent)
    near = closest(name, here)
    if near:
        return f"did you mean `{near}`?"
    for path, model in _models(root, ()):
        if path[:1] == ("trigger",) and len(path) > 1 and path not in document.keys:
            continue
        if name in _names(model) and model is not parent:
            return f"it belongs to `{'.'.join(path)}`" if path else "it belongs to the rule itself, further left"
    return f"known here: {listed(here)}"


def _near(path: Path, model: type[BaseModel]) -> str | None:
    parent = _model_at(model, path[:-1])
    return closest(str(path[-1]), _names(parent)) if parent else None


def _names(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _models(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], type[BaseModel]]]:
    yield path, model
    for name, info in model.model_fields.items():
        inner = _model_in(info.annotation)
        if inner is not None:
            yield from _models(inner, (*path, info.alias or name))


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    found: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int) or found is None:
            continue
        annotations = {info.alias or name: info.annotation for name, info in found.model_fields.items()}
        found = _model_in(annotations.get(part))
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside `X | None`, `tuple[X, ...]` and `Annotated[X, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        inner = _model_in(argument)
        if inner is not None:
            return inner
    return None


def _kind_of(value: object) -> str:
    if isinstance(value, dict):
        return "fields"
    if isinstance(value, list):
        return "a list"
    return f"`{_short(value)}`"


def _short(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
