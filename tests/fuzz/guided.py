"""A coverage-guided fuzzer (Atheris, which is libFuzzer for Python) over the same trials: it keeps what reaches code
that nothing before it reached, and mutates that. It has a process of its own, as it ends the one that it runs in.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tests.fuzz.corpus import FEED_TOKENS, LARGEST, TEMPLATE_TOKENS, feeds, templates

HANG: Final = 60
"""Seconds of one input."""
MEMORY: Final = 1024
"""Megabytes of the whole process, its instrumented code and its corpus included."""


def run(kind: str, count: int, seed: int) -> bool:
    """So many inputs; whether all kept their promises. Says what came of it, and of a failure where the input lies."""
    if find_spec("atheris") is None:
        print(f"{kind}: no guided run: Atheris is not installed (it is for Linux on x86-64); --unguided leaves it out")
        return False
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "tests.fuzz.guided", kind, str(count), str(seed), directory]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        said = done.stderr
        if done.returncode == 0 and (ran := re.search(r"Done (\d+) runs? in (\d+) second", said)):
            reached = re.findall(r"cov: (\d+)", said)
            print(f"{kind}: {int(ran[1]):,} guided by coverage in {ran[2]} s: 0 failed; "
                  f"{reached[0]} places reached by the corpus, {reached[-1]} in the end", flush=True)  # fmt: skip
            return True
        kept = Path(tempfile.gettempdir()) / f"rewake-fuzz-{kind}"
        found = next(iter(sorted(Path(directory).glob("found-*"))), None)
        if found is not None:
            kept.write_bytes(found.read_bytes())
    print(f"{kind}: guided by coverage: failed (exit {done.returncode}); the input: {kept if found else 'none'}")
    print("\n".join(said.splitlines()[-40:]), flush=True)
    return False


def _fuzz(kind: str, count: str, seed: str, directory: str) -> None:
    import atheris  # not everywhere

    with atheris.instrument_imports(include=["feeds", "triggers", "schemas"]):
        from feeds.formats import formats
        from tests.fuzz.trials import try_feed, try_template

        formats()  # imports them

    def one(data: bytes) -> None:
        if kind == "feeds":
            try_feed(data)
        else:
            try_template(data.decode("utf-8", "replace"))

    corpus = Path(directory) / "corpus"
    corpus.mkdir()
    for data in feeds() if kind == "feeds" else [text.encode() for text in templates()]:
        (corpus / hashlib.sha256(data).hexdigest()).write_bytes(data)
    tokens = FEED_TOKENS if kind == "feeds" else [token.encode() for token in TEMPLATE_TOKENS]
    words = Path(directory) / "words"
    words.write_text("".join('"' + "".join(f"\\x{byte:02x}" for byte in token) + '"\n' for token in tokens))
    options = {
        "runs": count, "seed": seed, "timeout": HANG, "rss_limit_mb": MEMORY, "max_len": LARGEST, "dict": words,
        "artifact_prefix": f"{directory}/found-",
    }  # fmt: skip
    atheris.Setup([sys.argv[0], str(corpus), *(f"-{name}={value}" for name, value in options.items())], one)
    atheris.Fuzz()


if __name__ == "__main__":
    _fuzz(*sys.argv[1:])
