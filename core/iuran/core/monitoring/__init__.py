"""Figures of the public guides and of finance, as queries with typed results."""
