"""`rewake suppress` where no broker is needed."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.commands import build_root


def test_a_list_that_is_no_utf_8_has_bad_lines_from_standard_input_as_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REWAKE_HMAC_SECRET", "x" * 40)
    monkeypatch.setenv("REWAKE_RULES", str(tmp_path / "none"))
    written = "телефон\n".encode("cp1251")
    (tmp_path / "list.csv").write_bytes(written)
    for name, given in (("-", written), (str(tmp_path / "list.csv"), b"")):
        result = CliRunner().invoke(build_root(), ["suppress", "import", name], input=given)
        assert result.exit_code == 1, result.exception
        assert f"{name}:1: what is written is no phone" in result.output.replace("\n", "")
        assert "nothing was written" in result.output
