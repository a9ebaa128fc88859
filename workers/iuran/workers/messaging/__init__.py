"""Messages to people: what one is, who carries it, and what carriers report of it."""
