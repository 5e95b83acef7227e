"""The contracts as others read them: a JSON Schema each, and one AsyncAPI document of all topics."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema

from schemas.contracts import CONTRACTS
from schemas.dead_letters import DeadLetter
from schemas.topics import TOPICS, Cleanup, Direction, Partitions, TopicSpec

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ASYNCAPI: Final = "asyncapi.json"
_MODE: Final[JsonSchemaMode] = "validation"


class _Schema(GenerateJsonSchema):
    """pydantic's, in the order in which the fields were written down."""

    schema_dialect = DIALECT

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        return value


def documents() -> dict[str, str]:
    """Every file of docs/contracts: name to content, JSON in UTF-8 with a line break at its end."""
    files = {f"{name}.schema.json": json_schema(name) for name in CONTRACTS}
    files[ASYNCAPI] = asyncapi()
    return {name: json.dumps(document, ensure_ascii=False, indent=2) + "\n" for name, document in sorted(files.items())}


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one contract. Fields it does not name are allowed, and ignored."""
    model = CONTRACTS[name]
    schema = model.model_json_schema(schema_generator=_Schema, mode=_MODE)
    _tidy(schema)
    return {"$schema": DIALECT, "$id": f"{name}.schema.json", **schema}


def asyncapi() -> dict[str, Any]:
    """One AsyncAPI 3.0 document: every topic a channel, seen from Rewake (`receive`: Rewake reads it)."""
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, _MODE) for model in CONTRACTS.values()]
    _, shared = models_json_schema(models, schema_generator=_Schema, ref_template="#/components/schemas/{model}")
    schemas = shared["$defs"]
    _tidy(schemas)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Rewake",
            "version": "1.0.0",
            "description": (
                "What Rewake reads and writes on Kafka. Values are JSON in UTF-8; fields that a schema does not name "
                "are ignored. Keyed topics are partitioned as Kafka's Java client does it (murmur2 of the key); with "
                "librdkafka set `partitioner=murmur2_random`. Consumers read with `isolation.level=read_committed`."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": dict(operation for topic in TOPICS for operation in _operations(topic)),
        "components": {
            "messages": {name: _message(name) for name in CONTRACTS},
            "schemas": schemas,
        },
    }


def _channel(topic: TopicSpec) -> dict[str, Any]:
    kafka: dict[str, Any] = {
        "topic": topic.name,
        "topicConfiguration": {
            "cleanup.policy": [topic.cleanup.value],
            "max.message.bytes": topic.max_message_bytes,
        },
        "bindingVersion": "0.5.0",
    }
    if topic.partitions is Partitions.ONE:
        kafka["partitions"] = 1
    if topic.cleanup is Cleanup.DELETE:
        kafka["topicConfiguration"]["retention.ms"] = topic.retention_ms
    return {
        "address": topic.name,
        "description": topic.about,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in topic.carries},
        "bindings": {"kafka": kafka},
        "x-key": topic.key,
        "x-partitioner": "murmur2",
        "x-partitions": _PARTITIONS[topic.partitions],
        "x-timestamp-type": "LogAppendTime" if topic.log_append_time else "CreateTime",
    }


_PARTITIONS: Final[dict[Partitions, str]] = {
    Partitions.CUSTOMER: "as many as every other customer topic",
    Partitions.ONE: "one",
    Partitions.DEAD_LETTERS: "any number",
}

_ACTIONS: Final[dict[Direction, tuple[tuple[str, str], ...]]] = {
    Direction.IN: (("receive", "read"),),
    Direction.OUT: (("send", "write"),),
    Direction.OWN: (("send", "write"), ("receive", "read")),
}


def _operations(topic: TopicSpec) -> list[tuple[str, dict[str, Any]]]:
    return [
        (
            f"{verb}-{topic.name}",
            {
                "action": action,
                "channel": {"$ref": f"#/channels/{topic.name}"},
                "summary": topic.about,
                "messages": [{"$ref": f"#/channels/{topic.name}/messages/{name}"} for name in topic.carries],
            },
        )
        for action, verb in _ACTIONS[topic.direction]
    ]


def _message(name: str) -> dict[str, Any]:
    schema = json_schema(name)
    message: dict[str, Any] = {
        "name": name,
        "summary": schema["description"].split("\n\n")[0].replace("\n", " "),
        "contentType": "application/json",
        "bindings": {"kafka": {"key": {"type": "string", "description": _key(name)}, "bindingVersion": "0.5.0"}},
    }
    if name == DeadLetter.__name__:
        message["contentType"] = "application/octet-stream"
        message["headers"] = {"$ref": f"#/components/schemas/{name}"}
        message["payload"] = {"description": "The original value, byte for byte."}
        message["examples"] = [{"headers": example} for example in schema["examples"]]
    else:
        message["payload"] = {"$ref": f"#/components/schemas/{name}"}
        message["examples"] = [{"payload": example} for example in schema["examples"]]
    return message


def _key(name: str) -> str:
    keys = {topic.key for topic in TOPICS if name in topic.carries}
    return keys.pop() if len(keys) == 1 else "any: written to each partition"


def _tidy(node: Any) -> None:
    """In place: texts on one line; descriptions and examples of `X | null` beside the field; no titles on fields."""
    if isinstance(node, list):
        for part in node:
            _tidy(part)
        return
    if not isinstance(node, dict):
        return
    properties = node.get("properties", {})
    if "type" in properties and "const" in properties["type"]:
        node["properties"] = properties = {"type": properties.pop("type"), **properties}
    for prop in properties.values():
        prop.pop("title", None)
        for option in prop.get("anyOf", ()):
            for word in ("description", "examples"):
                if word in option:
                    prop.setdefault(word, option.pop(word))
    for key, part in node.items():
        if key == "description" and isinstance(part, str):
            node[key] = " ".join(part.split())
        elif key not in ("examples", "default", "const"):
            _tidy(part)
