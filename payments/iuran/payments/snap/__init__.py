"""SNAP BI for a biller: services 73 (token), 24 (inquiry) and 25 (payment) over HTTP.

This room translates between the bank's wire and the domain; it decides nothing about money.
"""
