"""Bodies as they go over the wire."""

import json
from collections.abc import Mapping


def as_bytes(body: Mapping[str, object]) -> bytes:
    """Write a body as most senders do."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
