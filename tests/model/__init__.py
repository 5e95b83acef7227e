"""The gates against a slow and obvious reference, step by step. See `tests.model.shell` for what is driven.

`python -m tests.model --steps 1000000` is the long run (`make soak-gates`), `test_model.py` the short one.
"""
