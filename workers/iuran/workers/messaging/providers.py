"""Providers of WhatsApp and SMS: one signed webhook for any of them, and one shape of each kind."""

import json
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import urlencode

from iuran.core.clock import Clock, SystemClock
from iuran.workers.messaging.http import Call
from iuran.workers.messaging.letter import Letter
from iuran.workers.messaging.phones import international
from iuran.workers.messaging.signatures import check_secret, standard_headers


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedWebhook:
    """Any provider, by a small bridge: JSON, signed by standard-webhooks, the key being its id.

    The bridge must answer 2xx only when it has kept the message, and must not send a message again
    whose `webhook-id` (also `Idempotency-Key`) it knows.
    """

    url: str
    channel: str
    secret: str = field(repr=False)
    real_clock: Clock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        """Refuse a secret that cannot sign."""
        check_secret(self.secret)

    @property
    def knows_keys(self) -> bool:
        """Yes: the contract of the bridge."""
        return True

    def call_of(self, letter: Letter) -> Call:
        """Write a message; raises MessageRefusedError for a number that cannot be one."""
        content = {
            "key": letter.message_key,
            "channel": self.channel,
            "to": international(letter.recipient),
            "language": letter.language,
            "template": letter.template,
            "parameters": list(letter.parameters),
            "text": letter.text,
        }
        body = json.dumps(content, ensure_ascii=False).encode()
        signed = standard_headers(
            body, message_id=letter.message_key, secret=self.secret, real=self.real_clock.now()
        )
        headers = {
            **signed,
            "Content-Type": "application/json",
            "Idempotency-Key": letter.message_key,
        }
        return Call(url=self.url, headers=headers, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppCloud:
    """WhatsApp's Cloud API of Meta: a template that Meta approved, filled with our parameters.

    `url` is that of the sender's messages, such as
    `https://graph.facebook.com/v23.0/<phone number id>/messages`. Its reports bring back our key
    (`biz_opaque_callback_data`). It does not recognise a repeated one.
    """

    url: str
    token: str = field(repr=False)

    @property
    def knows_keys(self) -> bool:
        """No."""
        return False

    def call_of(self, letter: Letter) -> Call:
        """Write a message; raises MessageRefusedError for a number that cannot be one."""
        content = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": international(letter.recipient).removeprefix("+"),
            "type": "template",
            "template": {
                "name": f"iuran_{letter.template}",
                "language": {"code": letter.language},
                "components": [
                    {
                        "type": "body",
                        "parameters": [{"type": "text", "text": one} for one in letter.parameters],
                    }
                ],
            },
            "biz_opaque_callback_data": letter.message_key,
        }
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return Call(
            url=self.url, headers=headers, body=json.dumps(content, ensure_ascii=False).encode()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsGateway:
    """An SMS gateway of the shape that Twilio made common: a form, basic authentication.

    `url` ends with `/Accounts/<account>/Messages.json`. Reports go to `reports_url`, which carries
    our key. It does not recognise a repeated one.
    """

    url: str
    account: str
    secret: str = field(repr=False)
    sender: str
    reports_url: str | None = None

    @property
    def knows_keys(self) -> bool:
        """No."""
        return False

    def call_of(self, letter: Letter) -> Call:
        """Write a message; raises MessageRefusedError for a number that cannot be one."""
        form = {"To": international(letter.recipient), "From": self.sender, "Body": letter.text}
        if self.reports_url is not None:
            form["StatusCallback"] = f"{self.reports_url}?{urlencode({'key': letter.message_key})}"
        login = b64encode(f"{self.account}:{self.secret}".encode()).decode()
        headers = {
            "Authorization": f"Basic {login}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return Call(url=self.url, headers=headers, body=urlencode(form).encode())
