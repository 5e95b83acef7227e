"""Feeds synced: looked at on their schedules, compared with the topic, published, or held until somebody accepts."""
