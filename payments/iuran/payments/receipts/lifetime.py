"""For how long a link to a receipt is good, unless an installation says otherwise."""

DEFAULT_DAYS = 365
