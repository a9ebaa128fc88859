"""What may be changed through the API: a small function for each wish, without rules of its own."""
