"""How money arrives: virtual accounts, channels, settlement, ledger."""
