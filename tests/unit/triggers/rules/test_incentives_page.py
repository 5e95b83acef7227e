"""docs/incentives.md says what there is, and its examples work."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from streams.rules.folder import read_rulebook
from triggers.rules.economics import Economics
from triggers.rules.incentives import KINDS
from triggers.rules.written_economics import WrittenEconomics

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "incentives.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", [*KINDS, *WrittenEconomics.model_fields, *Economics.__slots__])
def test_every_kind_of_incentive_and_every_setting_is_named(name: str) -> None:
    assert re.search(rf"^\| `{name}\b", PAGE, re.MULTILINE), name


def test_the_reasons_of_the_gate_are_named() -> None:
    source = (ROOT / "triggers" / "gates" / "incentive.py").read_text()
    reasons = re.findall(r'_said\(Answer\.\w+, "([\w-]+)"', source)
    assert len(reasons) == 5
    assert set(reasons) == set(re.findall(r"^\| `([\w-]+)` \| (?:it|its|there)", PAGE, re.MULTILINE))


def test_its_calculations_are_right() -> None:
    (program,) = [body for language, _, body in FENCE.findall(PAGE) if language == "python"]
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_its_shop_is_told_what_the_page_says(tmp_path: Path) -> None:
    said: list[str] = []
    for language, info, body in FENCE.findall(PAGE):
        if name := re.search(r"file=(\S+)", info):
            (tmp_path / name[1]).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name[1]).write_text(body)
        if language == "console":
            read = read_rulebook(tmp_path / "generous")
            found = [str(error).removeprefix(f"{tmp_path}/") for error in (*read.errors, *read.warnings)]
            assert found == [line for line in body.splitlines() if line.startswith("generous/")]
            said += found
    assert len(said) == 1
