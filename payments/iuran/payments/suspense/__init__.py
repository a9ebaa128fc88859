"""Suspense: collected money that fits no account, until two persons say what it is."""

from iuran.payments.suspense.listing import SuspenseItem, suspense_items

__all__ = ["SuspenseItem", "suspense_items"]
