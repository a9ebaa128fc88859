"""Complaints ("pengaduan") and what people think of the service."""
