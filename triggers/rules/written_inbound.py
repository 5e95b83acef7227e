"""What shop.yaml says of SMS that come in, as it is written."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from triggers.inbound import LANGUAGES, Answering, ShopKeyword, WrittenAnswers, clashes
from triggers.inbound.folding import words
from triggers.inbound.lexicon import whole
from triggers.rules.values import Name, Text, Written, closest, shown, wrong


def _language(value: str) -> str:
    if value not in LANGUAGES:
        near = closest(value, LANGUAGES)
        known = ", ".join(LANGUAGES)
        hint = f"did you mean `{near}`?" if near else f"these are: {known}"
        raise wrong(f"{shown(value)} is no language whose opt-out words are known", hint)
    return value


OptOutLanguage = Annotated[
    str, AfterValidator(_language), WithJsonSchema({"type": "string", "enum": list(LANGUAGES)})
]


def _word(value: str) -> str:
    if clashes(value, LANGUAGES):
        raise wrong(f"{shown(value)} can be no keyword: it has a meaning of its own, or no letter", "take another word")
    return value


KeywordWord = Annotated[Text, AfterValidator(_word)]


class WrittenKeyword(Written):
    """A word that somebody may write to the shop: for a contest, an offer, a vote."""

    words: Annotated[tuple[KeywordWord, ...], Field(strict=False, min_length=1, max_length=50)] = Field(
        description="What is written; case, spaces and look-alike letters do not matter.", examples=[["WIN", "ПРИЗ"]]
    )
    survey: Text | None = Field(
        default=None, description="The survey whose answer it is: SurveyAnswered instead of KeywordReceived."
    )
    answer: Text | None = Field(default=None, description="What is written back, once for each SMS.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        if isinstance(value, str):
            return {"words": [value]}
        return {"words": value} if isinstance(value, list) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> Any:
        short = [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
        return {"anyOf": [handler(core_schema), *short], "description": cls.__doc__}


def _apart(keywords: dict[str, WrittenKeyword]) -> dict[str, WrittenKeyword]:
    owners: dict[str, str] = {}
    for name, keyword in keywords.items():
        for said in keyword.words:
            owner = owners.setdefault(whole(words(said)), name)
            if owner != name:
                both = f"`{owner}` and `{name}`"
                raise wrong(f"{shown(said)} is a word of two keywords, {both}", "give it to one of them")
    return keywords


WrittenKeywords = Annotated[dict[Name, WrittenKeyword], Field(max_length=200), AfterValidator(_apart)]


class WrittenInboundAnswers(Written):
    """What is written back to HELP, START and STOP, whatever language they are in."""

    help: Text | None = Field(default=None, description="To HELP. Not given: a text in the language of the word.")
    start: Text | None = Field(default=None, description="To START. Not given: a text in the language of the word.")
    stop: Text | None = Field(
        default=None, description="To an opt-out, once. Not given: nothing is written back.", examples=["You are out."]
    )


def answering(
    languages: tuple[str, ...], keywords: dict[str, WrittenKeyword], answers: WrittenInboundAnswers | None
) -> Answering:
    return Answering(
        languages=languages,
        keywords=tuple(
            ShopKeyword(name, keyword.words, keyword.survey, keyword.answer) for name, keyword in keywords.items()
        ),
        answers=WrittenAnswers(answers.help, answers.start, answers.stop) if answers else WrittenAnswers(),
    )
