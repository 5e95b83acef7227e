"""How many touches each gate holds back, over three months of a real shop's carts: `python -m bench.held_back`."""
