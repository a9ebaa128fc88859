"""The `iuran` command, one small module for each group."""
