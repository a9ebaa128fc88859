"""Signatures of webhooks, by each secret that signs now."""

from collections.abc import Sequence
from datetime import datetime

from iuran.workers.messaging.signatures import standard_headers


def signed_headers(
    body: bytes, *, message_id: str, secrets_live: Sequence[str], real: datetime
) -> dict[str, str]:
    """Return the headers of standard-webhooks with one signature for each secret."""
    each = [
        standard_headers(body, message_id=message_id, secret=secret, real=real)
        for secret in secrets_live
    ]
    signatures = " ".join(headers["webhook-signature"] for headers in each)
    return {**each[0], "webhook-signature": signatures}
