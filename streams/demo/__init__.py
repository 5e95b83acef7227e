"""`rewake demo`: the whole path on one machine, watched from outside.

The servers, a worker and a sandbox dispatcher run as they do elsewhere; the demo publishes the sample shop's events at
a pace that people can follow and otherwise only reads topics. What it shows, and what it checks at the end, is what
stands in those topics.
"""
