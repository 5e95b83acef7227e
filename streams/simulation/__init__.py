"""The sample shop: a seeded storefront whose shoppers view, fill carts, order, opt out and are erased.

It stands for the events that a real storefront would publish. The same seed and settings give the same events, byte
for byte, on any machine; nobody in it exists.
"""

from streams.simulation.storefront import storefront

__all__ = ["storefront"]
