"""What families are told, when and over which channels: rules, and how people want it."""
