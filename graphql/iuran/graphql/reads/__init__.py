"""Reads: hand-written SQL in batches, one statement for a level of an operation."""
