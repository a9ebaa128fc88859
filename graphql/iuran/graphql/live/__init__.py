"""Subscriptions: what happens to a family is told to those who may see it, as it happens.

The truth is the table of events, each at its place in one order. A subscription is a place in it:
whoever reads slowly, or comes back an hour later at another server, reads on from there.
"""
