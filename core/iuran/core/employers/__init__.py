"""Employers ("pemberi kerja"): whom they employ, at what wage, and what they are billed."""
