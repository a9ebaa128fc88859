"""Refunds ("pengembalian iuran"): credit that goes back to who paid it, by two persons."""
