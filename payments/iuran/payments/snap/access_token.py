"""Service 73: an access token for who signed with his private key."""

from iuran.payments.snap.answers import Answer
from iuran.payments.snap.authentication import authenticate_client
from iuran.payments.snap.codes import Case, SnapRefusedError
from iuran.payments.snap.context import SnapServices
from iuran.payments.snap.document import JsonObject, parse_object
from iuran.payments.snap.fields import missing
from iuran.payments.snap.message import Exchange
from iuran.payments.snap.tokens import TOKEN_LIFETIME_SECONDS, AccessClaims, issue_token

GRANT_TYPE = "client_credentials"


async def answer_token(services: SnapServices, exchange: Exchange) -> Answer:
    """Return a new token; every earlier one stays valid for its own 900 seconds."""
    channel = await authenticate_client(services, exchange)
    _check_grant_type(parse_object(exchange.message.body))
    now = services.real_clock.now()
    live = channel.live_secrets(now)
    if not live:
        raise SnapRefusedError(Case.UNAUTHORIZED, "Connection not allowed")
    claims = AccessClaims(client_id=channel.client_id, secret_id=live[0].secret_id)
    lifetime = (
        TOKEN_LIFETIME_SECONDS
        if channel.quirks.expires_in_as_number
        else f"{TOKEN_LIFETIME_SECONDS}"
    )
    return Answer(
        case=Case.SUCCESSFUL,
        body={
            "accessToken": issue_token(services.token_keys, claims, at=now),
            "tokenType": channel.quirks.token_type,
            "expiresIn": lifetime,
        },
        headers={"X-CLIENT-KEY": channel.client_id},
    )


def _check_grant_type(document: JsonObject) -> None:
    """Check the field under its name, or under `grant_type`, which Midtrans' libraries send."""
    grant_type = document.get("grantType") or document.get("grant_type")
    if not grant_type:
        raise missing("grantType")
    if grant_type != GRANT_TYPE:
        raise SnapRefusedError(Case.BAD_REQUEST, f"grantType must be {GRANT_TYPE}")
