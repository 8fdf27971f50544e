"""What operators and relays say to each other over HTTP: one signed report as JSON, and the answers to it.

    POST /v1/reports
    {"chain_id": 1, "oracle": "0x..", "observed_at": 1795420800, "version": 1,
     "values": {"1": "350000000", "4": "209000000"}, "operator": "0x..", "signature": "0x.."}

`values` maps feed ids to USD x 1e8, both as decimal integers in text, so that no reader of JSON rounds them.
`signature` is r 32 | vs 32 (EIP-2098) over the EIP-712 report (`olivepress.oracle.codec`).

202: taken. 200: this very report is known already. Anything else is a refusal, with a body such as

    {"reason": "wrong_version", "field": "version", "value": "1", "allowed": "2"}

An operator may send several reports of one observation that differ in their feeds: first all feeds together,
then each alone. A relay prefers the one with the most feeds that reaches the quorum.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic import ValidationError as PydanticError

from olivepress.errors import OlivepressError, ValidationError
from olivepress.manifest import Address
from olivepress.oracle.codec import MAX_FEEDS, OracleDomain, Report, SignedReport

REPORTS = "/v1/reports"
ROUNDS = "/v1/rounds"

MAX_BODY = 16_384
"""Bytes. A report of 255 feeds has about 7,500."""

_MAX_SHOWN = 100

FeedText = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}$")]
ValueText = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,15}$")]
SignatureText = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{128}$")]


class Reason(StrEnum):
    """Why a relay does not take a report; also the label of its metric."""

    SCHEMA = "schema"
    """Not this format, or out of its bounds: do not send it again."""
    OTHER_ORACLE = "other_oracle"
    """Of another chain or contract than the relay's."""
    UNKNOWN_FEED = "unknown_feed"
    """The oracle has no such feed, or the feeds belong to different operator sets."""
    UNKNOWN_OPERATOR = "unknown_operator"
    BAD_SIGNATURE = "bad_signature"
    WRONG_VERSION = "wrong_version"
    TOO_OLD = "too_old"
    """The oracle no longer takes this time, or has a later one."""
    TOO_EARLY = "too_early"
    """Observed later than the chain's time, by more than clocks differ."""
    ALREADY_REPORTED = "already_reported"
    """The operator has reported other values for this time."""
    TOO_LARGE = "too_large"
    RATE = "rate"
    """Too many requests; send it again later."""
    UNAVAILABLE = "unavailable"
    """The relay has not reached the chain yet; send it again later."""

    @property
    def status(self) -> int:
        """HTTP status."""
        return _STATUS[self]

    @property
    def passing(self) -> bool:
        """Whether the same report may be taken later."""
        return self in (Reason.RATE, Reason.UNAVAILABLE, Reason.TOO_EARLY)


_STATUS = {
    Reason.SCHEMA: 400,
    Reason.OTHER_ORACLE: 400,
    Reason.UNKNOWN_FEED: 400,
    Reason.UNKNOWN_OPERATOR: 403,
    Reason.BAD_SIGNATURE: 403,
    Reason.WRONG_VERSION: 409,
    Reason.TOO_OLD: 409,
    Reason.TOO_EARLY: 409,
    Reason.ALREADY_REPORTED: 409,
    Reason.TOO_LARGE: 413,
    Reason.RATE: 429,
    Reason.UNAVAILABLE: 503,
}


class ReportRefused(OlivepressError):
    """A report that a relay does not take: raised in the relay, and in the client that reads its answer.

    `reason` says why, `field` names what is wrong, `value` is what it was, `allowed` says what would do.
    """

    def __init__(self, reason: Reason, field: str, value: object, allowed: str) -> None:
        super().__init__(reason, field, value, allowed)
        self.reason = reason
        self.field = field
        self.value = value
        self.allowed = allowed

    def __str__(self) -> str:
        return f"{self.reason}: {self.field}: {self.value!r} is refused; allowed: {self.allowed}"

    def document(self) -> dict[str, str]:
        """The body of the answer; a long value is cut."""
        shown = self.value if isinstance(self.value, str) else repr(self.value)
        if len(shown) > _MAX_SHOWN:
            shown = shown[:_MAX_SHOWN] + "…"
        return {"reason": str(self.reason), "field": self.field, "value": shown, "allowed": self.allowed}


class WireReport(BaseModel):
    """A signed report as it travels; see the module's page."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    chain_id: Annotated[int, Field(ge=1, le=2**63 - 1)]
    oracle: Address
    observed_at: Annotated[int, Field(ge=1, le=2**32 - 1)]
    version: Annotated[int, Field(ge=1, le=2**16 - 1)]
    values: Annotated[dict[FeedText, ValueText], Field(min_length=1, max_length=MAX_FEEDS)]
    operator: Address
    signature: SignatureText

    @classmethod
    def of(cls, signed: SignedReport, domain: OracleDomain) -> Self:
        """The wire form of a report that was signed for `domain`."""
        report = signed.report
        return cls(
            chain_id=domain.chain_id,
            oracle=domain.oracle,
            observed_at=report.observed_at,
            version=report.version,
            values={str(feed): str(value) for feed, value in report.values.items()},
            operator=signed.operator,
            signature="0x" + signed.signature.hex(),
        )

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Reads the body of a request. ReportRefused names the first field that is wrong."""
        if len(body) > MAX_BODY:
            raise ReportRefused(Reason.TOO_LARGE, "body", f"{len(body)} bytes", f"{MAX_BODY} bytes at most")
        try:
            return cls.model_validate_json(body)
        except PydanticError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(map(str, first["loc"])) or "body"
            raise ReportRefused(Reason.SCHEMA, field, _shown(first["input"]), first["msg"]) from error

    def signed(self) -> SignedReport:
        """The report with its bounds checked; the signature is not. ReportRefused names the field."""
        values = {int(feed): int(value) for feed, value in self.values.items()}
        try:
            report = Report(self.observed_at, self.version, values)
            return SignedReport(report, self.operator, bytes.fromhex(self.signature[2:]))
        except ValidationError as error:
            raise ReportRefused(Reason.SCHEMA, error.field, _shown(error.value), error.allowed) from error


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)
