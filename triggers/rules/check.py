"""What must hold between a shop's settings and all its rules together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from triggers.rules.documents import Place
from triggers.rules.errors import RuleError, RuleWarning
from triggers.rules.model import Shop
from triggers.rules.read import ReadRule


def check_shop(
    shop: Shop, shop_file: str, rules: Sequence[ReadRule], has_file: bool
) -> tuple[list[RuleError], list[RuleWarning]]:
    """`shop_file`: what warnings about the shop as a whole name, `has_file`: whether it is its shop.yaml."""
    ordered = sorted(rules, key=lambda read: (read.file, read.name_place.line))
    errors = _same_names(ordered) + _both_kinds_of_orders(ordered)
    warnings: list[RuleWarning] = []
    if not rules:
        warnings.append(RuleWarning(shop_file, 0, 0, f"shop `{shop.id}` has no rules"))
    elif not shop.caps:
        where = "here" if has_file else "in a shop.yaml beside the rules"
        hint = f"write for example `caps: [3 per 7d]` {where}"
        warnings.append(RuleWarning(shop_file, 0, 0, "nothing limits how often a customer is written to", hint))
    return errors, warnings + _alone(ordered)


def _alone(rules: Sequence[ReadRule]) -> list[RuleWarning]:
    """Rules that exclude others, of which there are none."""
    groups = Counter(read.rule.exclusive for read in rules)
    return [
        RuleWarning(
            read.file, read.name_place.line, read.name_place.column,
            f"no other rule is in the group `{read.rule.exclusive}` of `exclusive`", "write the same in the others",
        )
        for read in rules if read.rule.exclusive and groups[read.rule.exclusive] == 1
    ]  # fmt: skip


def _same_names(rules: Sequence[ReadRule]) -> list[RuleError]:
    errors = []
    first: dict[str, ReadRule] = {}
    for read in rules:
        former = first.setdefault(read.rule.name, read)
        if former is not read:
            errors.append(
                _at(
                    read,
                    read.name_place,
                    f"a second rule `{read.rule.name}`",
                    f"the first is at {former.file}:{former.name_place.line}; a name is one rule's for good",
                )
            )
    return errors


def _both_kinds_of_orders(rules: Sequence[ReadRule]) -> list[RuleError]:
    """A customer has one cart, so an order can't end it for one rule and only take goods out of it for another."""
    errors = []
    first: tuple[str, str] | None = None
    for read in rules:
        on_order: str | None = getattr(read.rule.trigger, "on_order", None)  # triggers on carts have it
        if on_order is None:
            continue
        first = first or (on_order, read.rule.name)
        if on_order != first[0]:
            message = f"`on_order: {on_order}` here and `{first[0]}` in the rule `{first[1]}`"
            errors.append(_at(read, read.trigger_place, message, "it must be the same in all cart rules of a shop"))
    return errors


def _at(read: ReadRule, place: Place, message: str, hint: str) -> RuleError:
    return RuleError(read.file, place.line, place.column, message, hint)
