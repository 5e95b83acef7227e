"""XML feeds as a stream of records, in bounded memory, that survives the breaks real feeds have."""
