"""Lost notifications: payments that a bank has and we do not, found by asking the bank."""
