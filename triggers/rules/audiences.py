"""Named audiences as they are written, one document each: whom a condition holds for, what else is told of them, and
who is in it whatever the condition says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationError, WithJsonSchema

from triggers.rules.documents import Document, Path, read_documents
from triggers.rules.errors import RuleError
from triggers.rules.explain import explain
from triggers.rules.values import Source, Written, shown, wrong
from triggers.rules.written_shop import CustomerName

MAX_EXTRA: Final = 1_000
MAX_FIELDS: Final = 20

_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def _word(value: str) -> str:
    if _WORD.fullmatch(value) is None:
        hint = "use letters of a to z, digits and `_`, and begin with a letter: conditions name it"
        raise wrong(f"{shown(value)} is no name", hint)
    return value


Word = Annotated[str, AfterValidator(_word), WithJsonSchema({"type": "string", "pattern": f"^{_WORD.pattern}$"})]
"""A name that conditions can have."""


class WrittenAudience(Written):
    """A named audience: whom a condition holds for at the moment when somebody asks."""

    audience: Word = Field(description="Its name in conditions: `audiences.vip`, or `audience: vip` in a rule.")
    description: str = Field(default="", max_length=2000, description="Who they are, in a sentence.")
    where: Source = Field(
        description="A condition; audiences may be built on others.",
        examples=['audiences.loyal and customer.card == "VIP"'],
    )
    fields: Annotated[dict[Word, Source], Field(max_length=MAX_FIELDS)] = Field(
        default={},
        description="What else is told of its customers, by name: `{{ audience.level }}` in the texts of a rule for "
        "this audience.",
        examples=[{"level": '"gold" if orders.total > 10000 else "silver"'}],
    )
    extra: Annotated[tuple[CustomerName, ...], Field(strict=False, max_length=MAX_EXTRA)] = Field(
        default=(),
        description="Customers, by id, who are in it whatever the condition says. Consent and all gates hold for them.",
        examples=[["42"]],
    )


@dataclass(frozen=True, slots=True)
class AudienceSource:
    """An audience that is written as one should be; its conditions are not read yet."""

    written: WrittenAudience
    document: Document

    @property
    def sources(self) -> Mapping[Path, str]:
        """Its condition and its fields, by where they stand."""
        fields: dict[Path, str] = {("fields", name): source for name, source in self.written.fields.items()}
        return {("where",): self.written.where, **fields}


def read_audiences(data: bytes | str, file: str) -> tuple[list[AudienceSource], list[RuleError]]:
    """All audiences of one file that are written right. `file` is only what errors name."""
    documents, errors = read_documents(data, file)
    found: list[AudienceSource] = []
    if not documents and not errors:
        errors.append(RuleError(file, 1, 1, "the file holds no audience", "write one or delete the file"))
    for document in documents:
        if isinstance(document.value, list):
            hint = "write it without the leading `- `, and `---` between two audiences"
            errors.append(document.error(document.place(()), "an audience is no list", hint))
            continue
        try:
            found.append(AudienceSource(WrittenAudience.model_validate(document.value), document))
        except ValidationError as error:
            errors += explain(error, document, WrittenAudience)
    return found, errors
