"""What a worker consists of, each part made from its settings; `streams.app` puts them together.

`refusing` says why a worker can't run here, `topics` what the broker has and how it has it set, `delivery` how output
and offsets are committed, `ledger` who counts touches and what fills it again, `stores` where products and rows are
kept, `inbound` what answers SMS.
"""
