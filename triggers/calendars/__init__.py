"""What the calendar allows: quiet hours by the day, public holidays, presets of the law, the zones of a phone. Pure."""
