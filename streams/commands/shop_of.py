"""Which shop of a folder of rules is meant, where a command is about one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.console import USED_WRONGLY, fail

if TYPE_CHECKING:
    from triggers.rules.model import RuleBook, Shop

OneShopOption = Annotated[
    str | None, typer.Option("--shop", metavar="ID", help="The shop's id; needed where there are several, none `main`.")
]


def shop_or_exit(book: RuleBook, rules: Path, named: str | None) -> Shop:
    """The shop of that name; without one the only one that there is, or of several `main`. `rules`: the folder."""
    from schemas.wire import DEFAULT_SHOP

    if named is None:
        named = next(iter(book.shops)) if len(book.shops) == 1 else DEFAULT_SHOP
        if named not in book.shops:
            fail(f"{rules} has several shops", f"say which: --shop {' or '.join(book.shops)}", code=USED_WRONGLY)
    if named not in book.shops:
        fail(f"there is no shop {named!r} in {rules}", f"shops are: {', '.join(book.shops)}", code=USED_WRONGLY)
    return book.shops[named]
