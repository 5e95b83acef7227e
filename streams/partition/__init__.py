"""What owns a partition number, from its assignment to its revocation.

`ownership` follows the group's assignments and keeps, reloads and closes partitions; `loading` makes them ready, for
which `recovery` reads rows and positions back; `loop` is one partition at work; `standby` follows those of others. What
they see of the world outside is in `ports`.

The loop's parts: `screening` tells events from dead letters, `intake` puts them in order and knows how far each input
was applied, `clock` how far time has come, `reading` how far the logs have been read, `arising` since when touches are
due, `outbox` which of them may be judged by then, `commits` what is on its way out, `tally` what is counted. `plan` is
what all partitions of a worker have in common.
"""
