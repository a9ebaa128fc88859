"""Minimarkets through aggregators: Xendit, Midtrans and DOKU in their own dialects.

Each dialect is a thin translator into `payments.settlement`; it decides nothing about money.
Indomaret or Alfamart over SNAP BI need nothing of this: they are channels of `payments.snap`.
"""
