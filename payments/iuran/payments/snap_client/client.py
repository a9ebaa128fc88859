"""Calls to a bank: signed, bounded, with one token for all, repeated only where that is safe."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from iuran.core.clock import Clock, SystemClock
from iuran.payments.snap.codes import SnapRefusedError
from iuran.payments.snap.document import JsonObject, parse_object, write
from iuran.payments.snap.signature import (
    SignedRequest,
    sign_hmac,
    sign_rsa,
    string_to_sign,
    token_string_to_sign,
)
from iuran.payments.snap.timestamps import write_instant
from iuran.payments.snap_client.answers import BankAnswer, Meaning, meaning_of
from iuran.payments.snap_client.peculiarities import Peculiarities, Signing

ANSWER_BYTES_MAX = 8 * 1024 * 1024  # a report of a day
ATTEMPTS_MAX = 3
PAUSE_SECONDS = 0.2
RENEWED_BEFORE_END = 0.2  # of a token's life
TOKEN_SECONDS_DEFAULT = 900
TOKEN_SECONDS_MAX = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class BankApi:
    """Where a bank's API is and who we are there; `base_url` holds the prefix and the version."""

    base_url: str
    client_id: str
    partner_id: str
    client_secret: str = field(repr=False)
    private_key: RSAPrivateKey = field(repr=False)
    peculiarities: Peculiarities = field(default_factory=Peculiarities)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    good_until: float


@dataclass(slots=True, kw_only=True)
class SnapClient:
    """A client of one bank; make one and keep it, for its token. The caller closes `http`."""

    http: httpx.AsyncClient
    api: BankApi
    clock: Clock = field(default_factory=SystemClock)
    _token: _Token | None = field(default=None, repr=False)
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def call(
        self, method: str, path: str, body: Mapping[str, object], *, repeats: bool
    ) -> BankAnswer:
        """Call a service; `repeats` if it may safely be asked again after no clear answer.

        A token that the bank does not know any more is replaced once, whatever is asked: then the
        bank has done nothing. What cannot be reached means TRY_LATER, never an exception.
        """
        content = write(body)
        attempts_max = ATTEMPTS_MAX if repeats else 1
        answer = await self._attempt(method, path, content)
        if answer.meaning is Meaning.UNAUTHORIZED and self._token is not None:
            self._token = None
            answer = await self._attempt(method, path, content)
        for attempt in range(2, attempts_max + 1):
            if answer.meaning is not Meaning.TRY_LATER:
                break
            await asyncio.sleep(PAUSE_SECONDS * attempt)
            answer = replace(await self._attempt(method, path, content), attempts=attempt)
        return answer

    async def token(self) -> BankAnswer | str:
        """Return an access token, asked for once however many wait; or why there is none."""
        async with self._fetching:
            loop_time = asyncio.get_running_loop().time()
            if self._token is not None and loop_time < self._token.good_until:
                return self._token.text
            answer = await self._ask_token()
            text = answer.document.get("accessToken")
            if answer.meaning is not Meaning.DONE or not isinstance(text, str):
                return answer
            life = _seconds(answer.document.get("expiresIn")) * (1 - RENEWED_BEFORE_END)
            self._token = _Token(text, loop_time + life)
            return text

    async def _ask_token(self) -> BankAnswer:
        timestamp = write_instant(self.clock.now())
        signed = token_string_to_sign(client_key=self.api.client_id, timestamp=timestamp)
        encoding = self.api.peculiarities.signature_encoding
        return await self._send(
            "POST",
            self._url(self.api.peculiarities.token_path),
            write({"grantType": "client_credentials", "additionalInfo": {}}),
            {
                "X-TIMESTAMP": timestamp,
                "X-CLIENT-KEY": self.api.client_id,
                "X-SIGNATURE": sign_rsa(self.api.private_key, signed, encoding),
            },
        )

    async def _attempt(self, method: str, path: str, content: bytes) -> BankAnswer:
        token: str | None = None
        if self.api.peculiarities.signing is Signing.HMAC:
            found = await self.token()
            if isinstance(found, BankAnswer):
                return found
            token = found
        url = self._url(path)
        headers = self._headers(method, url, content, token)
        return await self._send(method, url, content, headers)

    def _url(self, path: str) -> httpx.URL:
        return httpx.URL(self.api.base_url.rstrip("/") + path)

    def _headers(
        self, method: str, url: httpx.URL, content: bytes, token: str | None
    ) -> dict[str, str]:
        timestamp = write_instant(self.clock.now())
        signed = string_to_sign(
            SignedRequest(
                method=method,
                target=url.raw_path.decode("ascii"),
                body=content,
                timestamp=timestamp,
                access_token=token,
            )
        )
        headers = {
            "X-TIMESTAMP": timestamp,
            "X-SIGNATURE": self._sign(signed),
            "X-PARTNER-ID": self.api.partner_id,
            "X-EXTERNAL-ID": f"{secrets.randbelow(10**18):018d}",
            "CHANNEL-ID": self.api.peculiarities.channel_id,
        }
        return headers if token is None else {**headers, "Authorization": f"Bearer {token}"}

    def _sign(self, message: bytes) -> str:
        encoding = self.api.peculiarities.signature_encoding
        if self.api.peculiarities.signing is Signing.RSA:
            return sign_rsa(self.api.private_key, message, encoding)
        return sign_hmac(self.api.client_secret, message, encoding)

    async def _send(
        self, method: str, url: httpx.URL, content: bytes, headers: Mapping[str, str]
    ) -> BankAnswer:
        request = self.http.build_request(
            method,
            url,
            content=content,
            headers={"Content-Type": "application/json", **headers},
        )
        try:
            async with asyncio.timeout(self.api.peculiarities.timeout_seconds):
                status, body = await self._exchange(request)
        except (httpx.HTTPError, TimeoutError) as error:
            return _unanswered(f"cannot be reached: {type(error).__name__}")
        return _read(status, body)

    async def _exchange(self, request: httpx.Request) -> tuple[int, bytes | None]:
        response = await self.http.send(request, stream=True)
        try:
            content = bytearray()
            async for part in response.aiter_bytes():
                content += part
                if len(content) > ANSWER_BYTES_MAX:
                    return response.status_code, None
            return response.status_code, bytes(content)
        finally:
            await response.aclose()


def _read(status: int, body: bytes | None) -> BankAnswer:
    if body is None:
        return BankAnswer(
            code="",
            message=f"HTTP {status}, longer than {ANSWER_BYTES_MAX} bytes",
            meaning=Meaning.TOO_LONG,
            document=JsonObject(),
            size_bytes=ANSWER_BYTES_MAX,
        )
    try:
        document = parse_object(body)
    except SnapRefusedError as error:
        meaning = meaning_of("", http_status=status)
        return BankAnswer(
            code="", message=f"HTTP {status}: {error}", meaning=meaning, document=JsonObject()
        )
    code = str(document.get("responseCode", ""))  # some send a number
    return BankAnswer(
        code=code,
        message=str(document.get("responseMessage", ""))[:150],
        meaning=meaning_of(code, http_status=status),
        document=document,
        size_bytes=len(body),
    )


def _unanswered(message: str) -> BankAnswer:
    return BankAnswer(code="", message=message, meaning=Meaning.TRY_LATER, document=JsonObject())


def _seconds(told: object) -> int:
    """Return how long a token lives; banks write a text or a number."""
    text = str(told)
    seconds = int(text) if text.isascii() and text.isdigit() else TOKEN_SECONDS_DEFAULT
    return min(max(seconds, 1), TOKEN_SECONDS_MAX)
