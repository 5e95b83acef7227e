"""What users would pick instead, doing the same job beside us: `make bench-peers`."""
