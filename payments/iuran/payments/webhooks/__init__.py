"""Webhooks as somebody sets them up: endpoints, where they may be, what they are told, again."""
