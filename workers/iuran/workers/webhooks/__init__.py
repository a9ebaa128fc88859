"""Outgoing webhooks: systems that subscribe are told what happens, signed and in order."""
