"""The relay's configuration file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from olivepress.oracle.settings import KeySource, Listen, Settings

Seconds = Annotated[float, Field(ge=0, le=86_400)]
Wei = Annotated[int, Field(ge=0)]


class Timing(Settings):
    """All in seconds.

    :param poll_seconds: the chain is read this often
    :param gather_seconds: after the quorum is reached, further reports are waited for at most this long: the
        more operators signed, the better the median
    :param stagger_seconds: then a part of this, which differs by relay and round, so that of several relays
        one comes first
    :param patience_seconds: how long something better is waited for: a batch with more feeds that is still
        short of its quorum, or the transaction of another relay that the node has not mined yet
    :param stuck_seconds: a transaction that waits longer gets higher fees
    :param keep_seconds: reports of a round that is on the chain are kept this long, should the chain switch
    :param early_seconds: how much an operator's clock may be ahead
    """

    poll_seconds: Annotated[float, Field(ge=0.01, le=3600)] = 2
    gather_seconds: Seconds = 3
    stagger_seconds: Seconds = 6
    patience_seconds: Seconds = 20
    stuck_seconds: Annotated[float, Field(ge=0.05, le=86_400)] = 45
    keep_seconds: Seconds = 900
    early_seconds: Annotated[int, Field(ge=0, le=3600)] = 30


class Limits(Settings):
    """What strangers may use up.

    :param requests_per_minute: of one client address, on average
    :param burst: of one client address, at once
    :param reports_per_operator: kept at a time; beyond it the operator's oldest go
    :param client_header: where your web server in front writes the client's address, e.g. `X-Real-IP`; of
        several the last counts. Without it all clients behind that server count as one. Never without such a
        server: anybody could then write an address there
    """

    requests_per_minute: Annotated[int, Field(ge=1)] = 120
    burst: Annotated[int, Field(ge=1)] = 60
    reports_per_operator: Annotated[int, Field(ge=1)] = 512
    client_header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = None


class Fees(Settings):
    """In wei per gas.

    :param priority_fee_wei: to the block's producer
    :param max_fee_wei: no transaction offers more, replacements included; none: no limit
    :param bump_percent: by how much a replacement offers more; nodes want 10 or more
    :param max_bumps: replacements in a row
    """

    priority_fee_wei: Wei = 1_000_000_000
    max_fee_wei: Annotated[int, Field(ge=1)] | None = 500_000_000_000
    bump_percent: Annotated[int, Field(ge=10, le=1000)] = 25
    max_bumps: Annotated[int, Field(ge=0, le=1000)] = 20


class RelaySettings(Settings):
    """The file of `olivepress relay run`. Paths are relative to its folder.

    :param rpc: address of the node: http://, ws:// or the path of an .ipc file
    :param manifest: of the deployment whose oracle is served
    :param listen: `host:port` for operators, /health and /metrics
    :param state: folder for what must survive a crash: collected reports and sent transactions
    :param key: pays for the transactions; use it for nothing else
    :param min_balance_wei: with less than this in the key's account /health says so
    """

    rpc: str
    manifest: Path
    listen: Listen = "127.0.0.1:8700"
    state: Path = Path("relay-state")
    key: KeySource
    min_balance_wei: Wei = 10_000_000_000_000_000
    timing: Timing = Timing()
    limits: Limits = Limits()
    fees: Fees = Fees()
