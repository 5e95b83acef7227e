"""Mutated feeds and mutated templates: none crashes, hangs or exceeds its limits.

`corpus` has what is mutated, `mutating` does it by seed, `trials` says what must hold of whatever comes of it,
`running` plays trials in processes of their own that are watched, `guided` lets a coverage-guided fuzzer look for what
chance would not find. `python -m tests.fuzz --help`.
"""
