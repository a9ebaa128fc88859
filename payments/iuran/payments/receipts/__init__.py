"""Receipts (struk): what a payer gets for a payment, as data, as a page and as a PDF."""
