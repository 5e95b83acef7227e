"""How a feed comes here: fetched over HTTP, when it changed, from where it may come, and kept as it came."""
