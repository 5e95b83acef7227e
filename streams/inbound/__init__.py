"""The topic `inbound-sms`: a loop of its own, beside the customers' partitions.

What it does to an SMS is decided in `handling` (and, what it means, in triggers.inbound); whose phone it came from is
said by `links`, the topic `phone-links` in memory; `loop` owns partitions of the topic and commits.
"""
