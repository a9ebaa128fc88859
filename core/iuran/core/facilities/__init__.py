"""Facilities of care ("fasilitas kesehatan"): who they are, and where a participant belongs."""
