"""What owns a partition number, from its assignment to its revocation.

`ownership` follows the group's assignments and opens, keeps, reloads and closes partitions; `recovery` reads rows and
positions back; `loop` is one partition at work. The loop's parts: `screening` tells events from dead letters, `intake`
puts them in order and knows how far each input was applied, `lag` when everything that was in the logs has been read,
`commits` what is on its way out, `tally` what is counted.
"""
