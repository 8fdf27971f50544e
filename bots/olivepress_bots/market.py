"""Sets up a whole market on a local chain: contracts, operators, feeds, series, funded accounts.

The demo and the devnet use it; on a public chain the same steps are the owner's, one by one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from olivepress.contracts.artifacts import load as load_artifact
from olivepress.deploy import deploy_all
from olivepress.exchange import ExchangeClient, SeriesTerms
from olivepress.index import AnyMethodology
from olivepress.manifest import Deployment
from olivepress.oracle.client import OracleClient
from olivepress.oracle.codec import OracleDomain
from olivepress.oracle.operator import FeedRule, Operator, Panel, SaveAudit, Schedule
from olivepress.rpc import Transport
from olivepress.signer import LocalSigner, address_bytes
from olivepress.tx import TransactionSender
from olivepress.units import amount_to_base
from olivepress_bots.committee import ChainBoard, Committee

GAS_MONEY = 10**21
"""Wei that every key of a local chain gets."""
DEVIATION_BPS = 100
"""A move of more than this, in 1e-4, is reported between the scheduled times too."""


@dataclass(frozen=True, slots=True)
class FeedSetup:
    """A feed to add: its symbol, how its value is made, and the oracle's rules for it (seconds, 1e-4)."""

    symbol: str
    methodology: AnyMethodology
    heartbeat: int
    deviation_bps: int


@dataclass(frozen=True, slots=True)
class Party:
    """A trading account: a name, a role in words, the deposit in whole tokens."""

    name: str
    role: str
    deposit: Decimal


@dataclass(frozen=True, slots=True)
class Member:
    """A party on the chain: its client and its account number."""

    party: Party
    client: ExchangeClient
    account: int


def derived_key(seed: int, name: str) -> LocalSigner:
    """A key made from a seed and a name, so that a run can be repeated. For local chains only."""
    digest = hashlib.sha256(f"olivepress/{seed}/{name}".encode()).digest()
    return LocalSigner(digest)


class Market:
    """A deployed exchange on a local chain, with the keys of everybody who acts in it.

    Args:
        transport: the chain.
        chain_id: its id.
        seed: makes the keys.
        set_balance: gives an address gas money (wei), as `DevChain.set_balance` does.
        before_wait: handed to every sender; on a chain that mines on demand it mines.
    """

    def __init__(
        self,
        transport: Transport,
        chain_id: int,
        seed: int,
        set_balance: Callable[[str, int], Awaitable[None]],
        before_wait: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self.transport = transport
        self.chain_id = chain_id
        self.seed = seed
        self._set_balance = set_balance
        self._before_wait = before_wait
        self.operators: list[LocalSigner] = []
        self.operator_set = 0
        self.quorum = 0
        self.feeds: dict[str, int] = {}
        self.methodologies: dict[str, AnyMethodology] = {}
        self.senders: list[TransactionSender] = []

    async def sender(self, name: str) -> TransactionSender:
        """A funded key of that name."""
        signer = derived_key(self.seed, name)
        await self._set_balance(signer.address, GAS_MONEY)
        sender = TransactionSender(self.transport, signer, self.chain_id, before_wait=self._before_wait)
        self.senders.append(sender)
        return sender

    async def deploy(self, operators: int, quorum: int, max_lag: int) -> Deployment:
        """Contracts and operator set."""
        owner = await self.sender("owner")
        self.deployment = await deploy_all(owner, max_lag=max_lag)
        self.owner = ExchangeClient(owner, self.deployment)
        self.oracle = OracleClient(self.transport, self.deployment, owner)
        self.domain = OracleDomain(self.chain_id, self.deployment.oracle)
        self.operators = [derived_key(self.seed, f"operator-{number}") for number in range(1, operators + 1)]
        addresses = [operator.address for operator in self.operators]
        self.operator_set = await self.oracle.add_operator_set(addresses, quorum)
        self.quorum = quorum
        return self.deployment

    async def add_feeds(self, feeds: Sequence[FeedSetup]) -> None:
        """Adds the feeds, in order."""
        for setup in feeds:
            feed = await self.oracle.add_feed(
                setup.symbol,
                self.operator_set,
                heartbeat=setup.heartbeat,
                deviation_bps=setup.deviation_bps,
                methodology="0x" + setup.methodology.hash.hex(),
            )
            self.feeds[setup.symbol] = feed.id
            self.methodologies[setup.symbol] = setup.methodology

    async def list_series(self, terms: Sequence[SeriesTerms]) -> None:
        """Lists the series, in order. The oracle must have a first value of each feed."""
        for one in terms:
            await self.owner.list_series(one)

    async def fund(self, party: Party) -> Member:
        """A key with gas and collateral, its account and its deposit."""
        sender = await self.sender(party.name)
        client = ExchangeClient(sender, self.deployment)
        await self.mint(sender.address, party.deposit)
        await client.deposit(party.deposit)
        return Member(party, client, await client.account_id())

    async def mint(self, to: str, amount: Decimal) -> None:
        """Mock collateral for an address: local chains only."""
        base = amount_to_base(amount, self.deployment.collateral_decimals)
        data = load_artifact("MockUSDC").interface.encode("mint", to, base)
        await self.owner.sender.execute(address_bytes(self.deployment.collateral), data)

    def committee(
        self, relay: TransactionSender, panels: Sequence[Panel], schedule: Schedule, save_audit: SaveAudit
    ) -> Committee:
        """The operators, each with its own sources, and a relay that pays for the updates with this key.

        `save_audit` takes the audit records of all operators.
        """
        rules = [FeedRule(symbol, (how,), DEVIATION_BPS) for symbol, how in self.methodologies.items()]
        operators = [
            Operator(signer, self.domain, schedule, rules, panel, save_audit=save_audit)
            for signer, panel in zip(self.operators, panels, strict=True)
        ]
        board = ChainBoard(OracleClient(self.transport, self.deployment, relay))
        return Committee(board, operators, relay.address)

    async def close(self) -> None:
        """Ends every sender's background work."""
        for sender in self.senders:
            await sender.close()
