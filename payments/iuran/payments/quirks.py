"""What makes one channel differ from another, as data: switches, lengths and limits of each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError

from iuran.core.errors import InvalidInputError

MOUNT_LENGTH_MAX = 100
MOUNTS_MAX = 10
NETWORKS_MAX = 50
_MOUNT = re.compile(r"(?:/[A-Za-z0-9._~-]+)+", re.ASCII)


class SignatureEncoding(StrEnum):
    """How a channel wants signatures written that we send; both are read."""

    BASE64 = "base64"
    HEX = "hex"


class RepeatAnswer(StrEnum):
    """What a channel hears when it sends the same message again."""

    INCONSISTENT = "INCONSISTENT"
    """404xx18 with the first result, as BCA expects."""
    REPLAY = "REPLAY"
    """The first answer, for channels that look at 200 only."""


class OpenEnd(StrEnum):
    """What a channel hears of a payment whose end we do not know in time."""

    TIMEOUT = "TIMEOUT"
    """504xx00."""
    IN_PROGRESS = "IN_PROGRESS"
    """202xx00 with status 02, for channels that call every 5xx a refusal."""


class RefusedAmount(StrEnum):
    """What a refused inquiry says of the amount."""

    OMITTED = "OMITTED"
    ZERO = "ZERO"
    """`0.00`, for channels that demand totalAmount in every answer."""


class Language(StrEnum):
    """In which language the two texts of a line are written."""

    BOTH = "BOTH"
    ENGLISH = "ENGLISH"
    INDONESIAN = "INDONESIAN"


def _words(value: object) -> object:
    """Let a list come as one text, as on a command line."""
    if isinstance(value, str):
        return tuple(part for part in re.split(r"[,\s]+", value) if part)
    return value


def _checked_mounts(mounts: tuple[str, ...]) -> tuple[str, ...]:
    if any(len(m) > MOUNT_LENGTH_MAX or _MOUNT.fullmatch(m) is None for m in mounts):
        raise ValueError("write paths such as /snap/v1.0, without a slash at the end")
    return mounts


Mounts = Annotated[
    tuple[str, ...],
    BeforeValidator(_words),
    Field(max_length=MOUNTS_MAX),
    AfterValidator(_checked_mounts),
]
Networks = Annotated[
    tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_words), Field(max_length=NETWORKS_MAX)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """The switches of one channel; the defaults are the standard, read strictly.

    - `mounts`: the paths under which the channel may call; empty for those of the installation.
    - `networks`: the addresses from which it may call; empty for all.
    - `requests_a_minute`, `requests_burst`: its quota; more is answered 429xx00.
    - `timestamp_skew_seconds`: how far X-TIMESTAMP may be from our clock.
    - `external_id_length_max`, `external_id_digits_only`: the form of X-EXTERNAL-ID.
    - `accepts_blankless_signature`: it hashes the body without any blank, names included, as
      DOKU's JavaScript and old Midtrans libraries do.
    - `trx_type`, `sub_company`: empty leaves the field out of an inquiry's answer.
    """

    signature_encoding: SignatureEncoding = SignatureEncoding.BASE64
    repeat_answer: RepeatAnswer = RepeatAnswer.INCONSISTENT
    open_end: OpenEnd = OpenEnd.TIMEOUT
    refused_amount: RefusedAmount = RefusedAmount.OMITTED
    language: Language = Language.BOTH
    expires_in_as_number: bool = False
    token_type: Annotated[str, Field(pattern=r"^(Bearer|BearerToken)$")] = "Bearer"  # noqa: S105 - a word
    timestamp_skew_seconds: Annotated[int, Field(ge=1, le=900)] = 300
    external_id_length_max: Annotated[int, Field(ge=8, le=64)] = 64
    external_id_digits_only: bool = False
    accepts_blankless_signature: bool = False
    bill_details_max: Annotated[int, Field(ge=0, le=24)] = 24
    free_texts_max: Annotated[int, Field(ge=0, le=25)] = 25
    trx_type: Annotated[str, Field(pattern=r"^[COIMLNX]?$")] = "C"
    sub_company: Annotated[str, Field(pattern=r"^([0-9]{5})?$")] = "00000"
    mounts: Mounts = ()
    networks: Networks = ()
    requests_a_minute: Annotated[int, Field(ge=1, le=6_000_000)] = 600_000
    requests_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000

    def admits_address(self, address: str) -> bool:
        """Whether a caller's address is allowed; one that cannot be read is not."""
        if not self.networks:
            return True
        try:
            found = ip_address(address)
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None)
        return any((mapped or found) in network for network in self.networks)

    def admits_mount(self, mount: str) -> bool:
        """Whether the channel may call under a mount."""
        return not self.mounts or mount in self.mounts

    def to_document(self) -> dict[str, object]:
        """Return every switch as JSON has it."""
        document: dict[str, object] = _FORM.dump_python(self, mode="json")
        return document


_FORM = TypeAdapter(Quirks)
NAMES = tuple(field.name for field in fields(Quirks))


def read_quirks(document: Mapping[str, object]) -> Quirks:
    """Read switches from JSON or from text; raises InvalidInputError with the one that is wrong.

    What is not named has its default.
    """
    unknown = [name for name in document if name not in NAMES]
    if unknown:
        raise InvalidInputError(unknown[0], f"no such switch; there are {', '.join(NAMES)}")
    try:
        return _FORM.validate_python(dict(document))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise InvalidInputError(
            str(problem["loc"][0]), problem["msg"].removeprefix("Value error, ")
        ) from error


def changed(quirks: Quirks, changes: Mapping[str, object]) -> Quirks:
    """Return switches with some of them changed; raises what `read_quirks` raises."""
    return read_quirks({**quirks.to_document(), **changes})
