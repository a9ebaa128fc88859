"""A happy path of every mutation: what has to be there, what is sent, and what it changes."""
