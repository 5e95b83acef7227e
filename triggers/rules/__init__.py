"""Rules: what marketers write (`written`), how it is read (`read`, `check`) and what the engine uses (`model`)."""
