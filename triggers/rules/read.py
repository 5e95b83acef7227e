"""A marketer's YAML -> typed rules and shop settings, or everything that is wrong with it.

Pure: text and the file's name in. Several documents a file are allowed, one rule each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from triggers.expressions import Audience, Expression, ExpressionInvalid, Names, compile_expression
from triggers.kinds import KINDS
from triggers.messages.links import Links
from triggers.messages.template import MessageTemplate, TemplateInvalid, compile_template
from triggers.messages.writing import AS_IT_IS, Writing
from triggers.rules import written_links
from triggers.rules.audiences import AudienceSource
from triggers.rules.dangers import dangers
from triggers.rules.documents import Document, Path, Place, read_documents
from triggers.rules.errors import RuleError, RuleWarning
from triggers.rules.explain import explain
from triggers.rules.idle import idle
from triggers.rules.incentives import errors_in, warnings_in
from triggers.rules.linking import link
from triggers.rules.model import Rule, Shop, Step, TextVariant, Variant
from triggers.rules.settings import errors_between, settings, warnings_of
from triggers.rules.speaking import language_of
from triggers.rules.values import listed
from triggers.rules.versions import with_version
from triggers.rules.written import EXITS, WrittenRule, WrittenStep, WrittenVariant
from triggers.rules.written_shop import WrittenShop
from triggers.rules.written_writing import dear_schemes

_KINDS: Final = {kind.name: kind for kind in KINDS.values()}


@dataclass(frozen=True, slots=True)
class ReadRule:
    """A rule with the places that checks across rules point at."""

    rule: Rule
    file: str
    name_place: Place
    trigger_place: Place
    budget_place: Place
    source: str = ""
    """As it is written."""


@dataclass(frozen=True, slots=True)
class RulesRead:
    """What a file holds: the rules that are right, and what is wrong with the others. Refuse it if there are errors."""

    rules: tuple[ReadRule, ...]
    errors: tuple[RuleError, ...]
    warnings: tuple[RuleWarning, ...]


@dataclass(frozen=True, slots=True)
class ShopRead:
    """A shop's settings; the defaults of those that are wrong. Its audiences by name."""

    shop: Shop
    errors: tuple[RuleError, ...]
    warnings: tuple[RuleWarning, ...] = ()
    audiences: Mapping[str, Audience] = field(default_factory=dict)


def read_rules(data: bytes | str, file: str, shop: Shop, audiences: Mapping[str, Audience] | None = None) -> RulesRead:
    """All rules of one file of `shop`. `file` is only what errors name, `audiences` those that rules may name."""
    documents, errors = read_documents(data, file)
    rules: list[ReadRule] = []
    warnings: list[RuleWarning] = []
    if not documents and not errors:
        errors.append(RuleError(file, 1, 1, "the file holds no rule", "write one or delete the file"))
    for document in documents:
        read, found, noticed = _read_rule(document, shop, audiences or {})
        errors += found
        warnings += noticed
        if read is not None and not found:
            rules.append(read)
    return RulesRead(tuple(rules), tuple(sorted(set(errors), key=_order)), tuple(sorted(warnings, key=_order)))


def read_shop(data: bytes | str, file: str, shop_id: str, audiences: Sequence[AudienceSource] = ()) -> ShopRead:
    """The settings of shop `shop_id`, and its audiences; an empty file leaves all settings at their defaults."""
    documents, errors = read_documents(data, file)
    shop = Shop(id=shop_id)
    warnings: list[RuleWarning] = []
    segments: Mapping[str, str] = {}
    if len(documents) > 1:
        errors.append(documents[1].error(documents[1].place(()), "a shop has one document of settings"))
    if documents:
        written, found = _validated(WrittenShop, documents[0])
        errors += found
        written = written or _sound(WrittenShop, documents[0])
        if written is not None:
            shop = settings(written, shop_id)
            errors += errors_between(shop, written, documents[0])
            warnings = warnings_of(shop, documents[0])
            segments = written.segments
    linked = link(audiences, segments, documents[0] if documents else None)
    errors += linked.errors
    warnings += linked.warnings
    shop = replace(shop, segments=linked.segments)
    return ShopRead(shop, tuple(sorted(errors, key=_order)), tuple(warnings), linked.audiences)


def _order(error: RuleError) -> tuple[int, int, str]:
    return error.line, error.column, error.message


_Model = TypeVar("_Model", bound=BaseModel)


def _validated(model: type[_Model], document: Document) -> tuple[_Model | None, list[RuleError]]:
    if isinstance(document.value, list) and model is WrittenRule:
        hint = "write it without the leading `- `, and `---` between two rules"
        return None, [document.error(document.place(()), "a rule is no list", hint)]
    try:
        return model.model_validate(document.value), []
    except ValidationError as error:
        return None, explain(error, document, model)


def _sound(model: type[_Model], document: Document) -> _Model | None:
    """What is left of a document without the fields in which something is wrong: nobody is to be told that these are
    missing, which are there."""
    if not isinstance(document.value, dict):
        return None
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        wrong = {detail["loc"][0] for detail in error.errors(include_url=False) if detail["loc"]}
    try:
        return model.model_validate({name: value for name, value in document.value.items() if name not in wrong})
    except ValidationError:
        return None


def _read_rule(
    document: Document, shop: Shop, audiences: Mapping[str, Audience]
) -> tuple[ReadRule | None, list[RuleError], list[RuleWarning]]:
    written, errors = _validated(WrittenRule, document)
    # compiled from the document, not from the model: a wrong field elsewhere must not hide a wrong text
    compiled = _Compiled(document, _names(document, shop, audiences))
    errors = errors + compiled.errors + _exit_errors(document)
    if written is None or errors:
        return None, errors, []
    kind = _KINDS[written.trigger.kind]
    trigger = written.trigger.meant(_Reading(shop, document, ("trigger", kind.name), compiled))
    errors = compiled.errors + _step_errors(written, document) + _opt_out_errors(written, shop, document)
    errors += _same_variants(written.variants or (), (), document)
    given = {number: step.incentive.meant() for number, step in enumerate(written.steps) if step.incentive}
    errors += errors_in(given, shop, document)
    writing = written.writing.meant(shop.writing) if written.writing else shop.writing
    parameters = written_links.meant(written.links, shop.links)
    if parameters:
        writing = replace(writing, links=Links(parameters).of(shop=shop.id, rule=written.rule))
    rule = Rule(
        shop_id=shop.id,
        name=written.rule,
        version="",
        trigger=trigger,
        steps=tuple(
            _step(step, number, compiled, written.opt_out, writing) for number, step in enumerate(written.steps)
        ),
        description=written.description.strip(),
        audience=compiled.condition(("audience",)),
        priority=written.priority,
        purpose=written.purpose,
        once_per=written.once_per,
        cooldown=written.cooldown,
        exit_on=kind.default_exits if written.exit_on is None else frozenset(written.exit_on),
        stale_after=written.stale_after,
        tags=tuple(sorted(set(written.tags))),
        holdout=written.holdout,
        max_times=written.max_times,
        exclusive=written.exclusive or "",
        variants=tuple(
            Variant(one.name, one.weight, compiled.condition(("variants", number, "when")))
            for number, one in enumerate(written.variants or ())
        ),
        budget=written.budget.meant() if written.budget else None,
    )
    path: Path = ("trigger", kind.name)
    read = ReadRule(
        rule=with_version(rule, shop),
        file=document.file,
        name_place=document.place(("rule",)),
        trigger_place=document.key_place((*path, "on_order") if (*path, "on_order") in document.keys else path),
        source=document.source,
        budget_place=document.place(("budget",)),
    )
    return read, errors, _warnings(rule, shop, document, writing)


def _names(document: Document, shop: Shop, audiences: Mapping[str, Audience]) -> Names:
    """What the conditions and texts of a rule may name. From the document: other mistakes must not hide theirs."""
    root = document.value if isinstance(document.value, dict) else {}
    trigger, audience = root.get("trigger"), root.get("audience")
    kinds = [_KINDS[name] for name in trigger if name in _KINDS] if isinstance(trigger, dict) else []
    if audience is None and len(kinds) == 1 and isinstance(trigger, dict) and isinstance(trigger[kinds[0].name], dict):
        audience = trigger[kinds[0].name].get("audience")  # of a kind that has one
    own = audience.strip().removeprefix("audiences.") if isinstance(audience, str) else ""
    return Names(
        kind=kinds[0].name if len(kinds) == 1 else "",
        content=frozenset[str]().union(*(kind.content for kind in kinds)),
        audiences=audiences,
        segments=tuple(segment.name for segment in shop.segments),
        own=audiences.get(own),
        language=language_of(root, shop.language, audiences, own),
    )


def _step_errors(written: WrittenRule, document: Document) -> list[RuleError]:
    """What is wrong between the steps of a rule."""
    errors: list[RuleError] = []
    seen: set[str] = set()
    for number, step in enumerate(written.steps):
        path: Path = ("steps", number)
        errors += _before_end_errors(written, number, path, document)
        if number and not step.after and step.before_end is None:
            hint = "say how long after the step before it, like `after: 23h`"
            errors.append(document.error(document.place((*path, "after")), f"step {number + 1} needs `after`", hint))
        silent = step.incentive is not None and step.incentive.bonus is not None
        silent = silent or step.call is not None
        errors += _variant_errors(step, path, document)
        if step.on_no_phone == "without_sms" and not silent:
            hint = "only a step that has a `call` or grants a bonus may go without its text"
            errors.append(document.error(document.place((*path, "on_no_phone")), "nothing would be left to go", hint))
        if step.sms is None and not step.variants and not silent and (*path, "sms") not in document.broken:
            hint = "only a step that has a `call` or grants a bonus may go without"
            errors.append(document.error(document.place(path), f"step {number + 1} needs `sms`", hint))
        step_id = _step_id(step, number)
        if step_id in seen:
            errors.append(
                document.error(document.place((*path, "id")), f"a second step `{step_id}`", "give it an id of its own")
            )
        seen.add(step_id)
    return errors


def _before_end_errors(written: WrittenRule, number: int, path: Path, document: Document) -> list[RuleError]:
    """What is wrong with a step that counts from the end."""
    before = written.steps[number].before_end
    if before is None:
        return []
    place = document.place((*path, "before_end"))
    if not _KINDS[written.trigger.kind].ends:
        ending = listed(kind.name for kind in KINDS.values() if kind.ends)
        return [document.error(place, f"what `{written.trigger.kind}` is about has no end", f"only of {ending} it has")]
    if written.steps[number].after is not None:
        return [document.error(place, "`before_end` beside `after`", "leave one out")]
    nearer = [step for step in written.steps[:number] if step.before_end is not None and step.before_end <= before]
    if nearer:
        return [document.error(place, f"step {number + 1} would come before one above it", "put it above that one")]
    return []


def _variant_errors(step: WrittenStep, path: Path, document: Document) -> list[RuleError]:
    """What is wrong with the variants of a step."""
    if step.variants is None:
        return []
    errors = []
    if step.sms is not None:
        errors.append(document.error(document.key_place((*path, "sms")), "`sms` beside `variants`", "leave one out"))
    if not step.variants:
        return [document.error(document.place((*path, "variants")), "`variants` needs at least two entries")]
    if all(one.when is not None for one in step.variants):
        hint = "leave out the `when` of one"
        errors.append(document.error(document.place((*path, "variants")), "no variant is for everybody else", hint))
    return errors + _same_variants(step.variants, path, document)


def _same_variants(variants: Sequence[WrittenVariant], path: Path, document: Document) -> list[RuleError]:
    names = [one.name for one in variants]
    if len(names) == 1:
        hint = "write another, or do without `variants`"
        return [document.error(document.place((*path, "variants")), "one variant alone is none", hint)]
    return [
        document.error(document.place((*path, "variants", number, "name")), f"a second variant `{name}`", "rename it")
        for number, name in enumerate(names) if name in names[:number]
    ]  # fmt: skip


def _exit_errors(document: Document) -> list[RuleError]:
    """Words of `exit_on` that another kind of trigger knows. From the document: other mistakes must not hide these."""
    root = document.value if isinstance(document.value, dict) else {}
    trigger, words = root.get("trigger"), root.get("exit_on")
    kinds = [_KINDS[name] for name in trigger if name in _KINDS] if isinstance(trigger, dict) else []
    if len(kinds) != 1 or not isinstance(words, list):
        return []
    known = ("order_placed", *sorted(kinds[0].exits))
    return [
        document.error(
            document.place(("exit_on", number)),
            f"entry {number + 1} of `exit_on` cannot be `{word}`, which ends no journey of `{kinds[0].name}`",
            f"choose one of {listed(known)}" if len(known) > 1 else f"write {listed(known)}",
        )
        for number, word in enumerate(words) if word in EXITS and word not in known
    ]  # fmt: skip


def _opt_out_errors(written: WrittenRule, shop: Shop, document: Document) -> list[RuleError]:
    if shop.opt_out_text:
        return []
    asking: list[Path] = [("steps", number, "opt_out") for number, step in enumerate(written.steps) if step.opt_out]
    if written.opt_out:
        asking.append(("opt_out",))
    hint = 'write for example `opt_out_text: "STOP to opt out"` there'
    message = "`opt_out: true`, and shop.yaml has no `opt_out_text`"
    return [document.error(document.place(path), message, hint) for path in asking]


def _step_id(step: WrittenStep, number: int) -> str:
    return step.id or str(number + 1)


def _step(step: WrittenStep, number: int, compiled: _Compiled, opt_out: bool, writing: Writing) -> Step:
    variants = tuple(
        TextVariant(
            one.name, compiled.templates[("steps", number, "variants", place, "sms")], one.weight,
            compiled.condition(("steps", number, "variants", place, "when")),
        )
        for place, one in enumerate(step.variants or ())
    )  # fmt: skip
    return Step(
        id=_step_id(step, number),
        after=step.after or 0,
        sms=variants[0].sms if variants else compiled.templates.get(("steps", number, "sms")),
        variants=variants,
        on_no_phone=step.on_no_phone,
        before_end=step.before_end,
        when=compiled.condition(("steps", number, "when")),
        incentive=step.incentive.meant() if step.incentive else None,
        missing_product=step.missing_product,
        opt_out=opt_out if step.opt_out is None else step.opt_out,
        writing=_step_writing(step, _step_id(step, number), writing),
        call=compiled.templates.get(("steps", number, "call", "note")),
    )


def _step_writing(step: WrittenStep, step_id: str, writing: Writing) -> Writing:
    if step.sms is None and not step.variants:
        return AS_IT_IS
    made = step.writing.meant(writing) if step.writing else writing
    return made if made.links is None else replace(made, links=made.links.of(step=step_id))


@dataclass(frozen=True, slots=True)
class _Reading:
    """See `triggers.kinds.Reading`. `path`: of the kind's settings."""

    shop: Shop
    document: Document
    path: Path
    compiled: _Compiled

    def condition(self, *path: str | int) -> Expression | None:
        whole: Path = (*self.path, *path)
        owner: Any = self.document.value
        for part in whole[:-1]:
            owner = owner[part]
        self.compiled.add_condition(owner, whole)
        return self.compiled.condition(whole)

    def wrong(self, path: Path, message: str, hint: str | None = None) -> None:
        self.compiled.errors.append(self.document.error(self.document.place((*self.path, *path)), message, hint))


class _Compiled:
    """Every condition and template of a document, compiled, or its mistakes with their places in the file."""

    def __init__(self, document: Document, names: Names) -> None:
        self._document = document
        self._names = names
        self.errors: list[RuleError] = []
        self.conditions: dict[Path, Expression] = {}
        self.templates: dict[Path, MessageTemplate] = {}
        root = document.value if isinstance(document.value, dict) else {}
        self.add_condition(root, ("audience",))
        steps = root.get("steps")
        for number, step in enumerate(steps if isinstance(steps, list) else []):
            if isinstance(step, dict):
                self.add_condition(step, ("steps", number, "when"))
                self._template(step, ("steps", number, "sms"))
                call = step.get("call")
                if isinstance(call, dict):
                    self._template(call, ("steps", number, "call", "note"))
                self._variants(step, ("steps", number))
        self._variants(root, ())

    def _variants(self, owner: Mapping[str, Any], path: Path) -> None:
        variants = owner.get("variants")
        for number, one in enumerate(variants if isinstance(variants, list) else []):
            if isinstance(one, dict):
                self.add_condition(one, (*path, "variants", number, "when"))
                self._template(one, (*path, "variants", number, "sms"))

    def condition(self, path: Path) -> Expression | None:
        return self.conditions.get(path)

    def add_condition(self, owner: Mapping[str, Any], path: Path) -> None:
        source = owner.get(str(path[-1]))
        if not isinstance(source, str) or not source.strip():
            return
        source = source.rstrip()
        if path[-1] == "audience" and source.strip() in self._names.audiences:
            source = f"audiences.{source.strip()}"  # its name alone will do
        try:
            self.conditions[path] = compile_expression(source, self._names)
        except ExpressionInvalid as error:
            self._error(path, max((error.column or 1) - 1, 0), error.message, error.hint)

    def _template(self, owner: Mapping[str, Any], path: Path) -> None:
        source = owner.get(str(path[-1]))
        if not isinstance(source, str) or not source.strip():
            return
        source = source.rstrip()  # the line end of a block text is layout
        try:
            self.templates[path] = compile_template(source, self._names)
        except TemplateInvalid as error:
            lines = source.split("\n")
            before = sum(len(line) + 1 for line in lines[: max(error.line - 1, 0)])
            self._error(path, before + max((error.column or 1) - 1, 0), error.message, error.hint)

    def _error(self, path: Path, offset: int, message: str, hint: str | None) -> None:
        self.errors.append(self._document.error(self._document.inside(path, offset), message, hint or None))


def _warnings(rule: Rule, shop: Shop, document: Document, writing: Writing) -> list[RuleWarning]:
    """What is allowed in one rule and probably not meant."""
    found = list(warnings_in(rule.steps, shop, document))
    of_steps = ((("steps", number, "writing"), step.writing) for number, step in enumerate(rule.steps))
    found += dear_schemes([(("writing",), writing), *of_steps], document)
    for path, message, hint in dangers(rule, shop, _KINDS[rule.trigger.kind]):
        place = document.place(path)
        found.append(RuleWarning(document.file, place.line, place.column, message, hint))
    for path, message, hint in idle(rule, document.keys):
        place = document.key_place(path)
        found.append(RuleWarning(document.file, place.line, place.column, message, hint))
    return found
