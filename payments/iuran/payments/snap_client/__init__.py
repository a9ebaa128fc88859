"""SNAP BI towards a bank: we are the client of its services 73, 26 to 31 and 35."""
