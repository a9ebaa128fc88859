"""How far lists are counted: a page may say how many there are, and reading stays bounded."""

COUNT_MAX = 1_000
