"""The simulator: the worker's own code under one seeded scheduler, over an in-memory broker, ledger and clocks.

A seed decides everything: what shoppers do, in which order tasks run, how long each answer takes, which faults come and
at which await. `python -m tests.simulation --seeds 7-7 --trace` shows one seed's history, the same on every run.

`loop` is time and order, `network` what lies between a worker and its servers, `group` the consumer group, `member` a
worker's membership and fetching, `worker` one process, `disk` where its rows may lie, `drawing` what kind of seed it
is, `world` what goes in, `returning` what comes back of what went out, `faults` what goes wrong, `retention` what logs
lose, `suppressed` which phones were not to be written to, and since when, `oracle` what must come out, `schedule` when
the workers did what, `replayed` what must come out of that on the wall clock, `invariants` what must hold, `run` one
seed.
"""
