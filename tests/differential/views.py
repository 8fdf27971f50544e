"""Every view of the contracts that `reads` does not ask anyway: getters, the lens's rarer answers, the
oracle's, tokens. All of it takes long, so it is asked seldom.

Getters of raw words are compared with storage, and storage with the model's words at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any

from eth_abi.abi import encode

from differential import layout as at
from differential.evm import Contracts
from differential.interfaces import interface_of
from differential.layout import mapped
from differential.model_side import ModelSide
from differential.outcome import plain
from differential.reads import Pairs, Reads, words
from olivepress.hashing import keccak256
from olivepress.model.state import BUYS, DAY, SELLS, PositionToken, Token
from olivepress.oracle.codec import DOMAIN_NAME

Model = Callable[[], tuple[Any, ...] | bytes]
"""Gives what a view returns: the values, or all of it as the ABI packs it."""
Answer = tuple[str, tuple[Any, ...], Model]
"""A view, its arguments, and what the model says."""
_DOMAIN = keccak256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_SIGNED_FIELDS = b"\x0f"  # of a domain: name, version, chain, contract


class Views:
    """Both sides asked for everything.

    :param people: whose principals and tokens are asked for
    """

    def __init__(self, contracts: Contracts, model: ModelSide, reads: Reads, people: Sequence[str]) -> None:
        self._contracts = contracts
        self._model = model
        self._exchange, self._state = model.exchange, model.exchange.state
        self._oracle = model.oracle
        self._reads = reads
        self._people = people

    def everything(self, time: int) -> Pairs:
        """At a time that the contracts are set to."""
        answers = {
            "exchange": [*self._sums(), *self._words(), *self._series_words(), *self._book_words()],
            "lens": [*self._lens_series(time), *self._lens_accounts(time)],
            "oracle": [*self._feeds(time), *self._windows(time), *self._oracle_sums()],
            "usdc": list(self._holders(self._state.collateral)),
        }
        for (series, long), token in self._state.tokens.items():
            answers[token.address] = [*self._token(series, long, token), *self._holders(token)]
        for target, asked in answers.items():
            for function, args, model in asked:
                yield self._pair(target, function, args, model)
        yield from self._books(time)
        yield from self._held_orders()

    def _pair(self, target: str, function: str, args: tuple[Any, ...], model: Model) -> tuple[str, Any, Any]:
        kind = target if target in self._contracts.addresses else "token"
        types = interface_of(kind).functions[function].output_types

        def packed() -> bytes:
            told = model()
            if isinstance(told, bytes):
                return told
            if all(isinstance(one, int) for one in told):  # much faster
                return words(*told)
            return encode(types, told)

        return self._reads.pair(f"{kind}.{function} {args}", packed, target, function, *args)

    # --- the exchange ---

    def _sums(self) -> Iterator[Answer]:
        state, office = self._state, self._state.office
        told: dict[str, int | str] = {
            "owner": state.owner,
            "pendingOwner": state.pending_owner,
            "guardian": office.guardian,
            "arbiter": office.arbiter,
            "collateral": state.collateral.address,
            "oracle": self._model.domain.oracle,
            "accountCount": len(state.accounts),
            "seriesCount": len(state.series),
            "treasury": office.treasury,
            "bonds": office.bonds,
            "challengeBond": self._exchange.challenge_bond(),
        }
        for function, value in told.items():
            yield function, (), _just(value)
        for feed in self._some(range(1, self._oracle.feed_count + 1)):
            yield "deficit", (feed,), _just(state.deficits.get(feed, 0))
            yield "insurance", (feed,), _just(state.insurance.get(feed, 0))
            for account in state.accounts:
                yield "declared", (account, feed), _just(state.declared.get((account, feed), 0))
        for account in self._some(state.accounts):
            since, negative_since, _ = state.clocks.get(account, (0, 0, 0))
            yield "flaggedAt", (account,), _just(since)
            yield "negativeSince", (account,), _just(negative_since)
            found = state.accounts.get(account)
            yield "ownerOf", (account,), _just(found.owner if found else 0)

    def _words(self) -> Iterator[Answer]:
        for who in self._people:
            yield "principalWord", (who,), self._stored(mapped(at.PRINCIPALS, int(who, 16)))
        for account in self._some(self._state.accounts):
            yield "accountWord", (account,), self._stored(mapped(at.ACCOUNTS, account))
        for number, series in self._state.series.items():
            for account in (0, *series.positions):
                slot = mapped(at.POSITIONS, at.position_key(account, number))
                yield "positionWord", (account, number), self._stored(slot)

    def _series_words(self) -> Iterator[Answer]:
        for number in self._some(self._state.series):
            yield "hotWord", (number,), self._stored(mapped(at.HOT, number))
            slots = mapped(at.TERMS, number), mapped(at.TRADE_TERMS, number)
            yield "termsWords", (number,), self._stored(*slots)
            money = vars(self._reads.view.money(number)).values()
            yield "moneyOf", (number,), _just(*money)
            series = self._state.series.get(number)
            yield "symbolOf", (number,), _just(series.spec.symbol if series else "")
            yield "initialMarkOf", (number,), _just(series.spec.initial_mark if series else 0)
            for long in (False, True):
                yield "tokenOf", (number, long), _just(self._exchange.token_of(number, long))

    def _book_words(self) -> Iterator[Answer]:
        for number, series in self._state.series.items():
            for side in series.sides:
                places = {(0, tick >> 8) for tick in side.ticks} | {(1, tick >> 16) for tick in side.ticks}
                for height, index in sorted(places | {(2, 0)}):
                    slot = at.bitmap_slot(number, side.side, height, index)
                    yield "bitmapWord", (number, side.side, height, index), self._stored(slot)
                for tick in side.ticks:
                    level = side.levels[tick]
                    told = level.tail << 32 | level.head
                    yield "levelWord", (number, side.side, tick), _just(told)
                    for index in level.orders:
                        slot = at.order_slot(number, side.side, tick, index)
                        order_id = side.id << 72 | tick << 48 | index << 16
                        yield "orderWord", (order_id,), self._stored(slot)

    def _stored(self, *slots: int) -> Model:
        exchange = self._contracts.addresses["exchange"]
        return lambda: tuple(self._contracts.storage(exchange, slot) for slot in slots)

    # --- the lens ---

    def _lens_series(self, time: int) -> Iterator[Answer]:
        exchange = self._exchange
        count = len(self._state.series)
        yield "exchange", (), _just(self._state.address)
        for number in self._some(self._state.series):
            yield "specOf", (number,), partial(self._spec, number)
            yield "phaseOf", (number,), _just(int(exchange.phase_of(number, time)))
        for first, most in ((0, count), (1, 2**16 - 1), (count // 2 + 1, 2), (count, 0), (count + 1, 9)):
            yield "seriesList", (first, most), partial(self._list, first, most, time)

    def _spec(self, number: int) -> tuple[Any, ...]:
        return (plain(self._exchange.spec_of(number)),)

    def _list(self, first: int, most: int, time: int) -> bytes:
        listed = range(max(1, first), len(self._state.series) + 1)[:most]
        views = [self._reads.series_view(number, time) for number in listed]
        offsets = [32 * len(views) + sum(map(len, views[:place])) for place in range(len(views))]
        return words(32, len(views), *offsets) + b"".join(views)

    def _lens_accounts(self, time: int) -> Iterator[Answer]:
        for who in self._people:
            found = self._state.principals.get(who)
            told = (found.account, found.permissions, found.expiry) if found else (0, 0, 0)
            yield "principal", (who,), _just(*told)
        for account in self._some(self._state.accounts):
            yield "accountInfo", (account,), partial(self._account, account, time)
            yield "seriesOf", (account,), partial(self._listed, account)

    def _listed(self, account: int) -> tuple[list[int]]:
        return (self._exchange.series_of(account),)

    def _account(self, account: int, time: int) -> tuple[Any, ...]:
        """Of the one struct AccountView."""
        exchange = self._exchange
        margin = plain(exchange.account_margin(account, time))
        positions = []
        for number in exchange.series_of(account):
            p = exchange.position(account, number)
            value = (
                p.quote + p.lots * exchange.mark_of(number, time).mark * exchange.spec_of(number).tick_value
            )
            open_orders = (p.open_buy, p.open_sell, p.epoch, p.open_count)
            rest = (p.checked_mark, p.last_fill_day, p.settled, p.claim)
            positions.append((number, p.lots, p.quote, value, *open_orders, *rest))
        owner = self._state.accounts[account].owner
        return ((account, owner, margin, exchange.withdrawable(account, time), positions),)

    def _books(self, time: int) -> Pairs:
        """To their ends, and what there is none of."""
        for number, sells in product(self._some(self._state.series), (False, True)):
            series = self._state.series.get(number)
            ticks = series.sides[sells].ticks if series else []
            orders = sum(len(series.sides[sells].levels[tick].orders) for tick in ticks) if series else 0
            for most in {0, len(ticks) + 1}:
                yield self._reads.depth(number, sells, most, time)
            for most in {0, 1, orders + 1}:
                yield self._reads.orders(number, sells, most, time)
        for account in self._some(self._state.accounts):
            yield self._reads.open_orders(account, 0, time)
        yield self._reads.open_orders(1, len(self._state.series) + 1, time)
        yield from self._reads.unknown(0, 0, time)
        yield from self._reads.unknown(len(self._state.accounts) + 1, len(self._state.series) + 1, time)

    def _held_orders(self) -> Pairs:
        """Orders that hold margin, those that ran out among them: storage against the model's read."""
        view = self._reads.view
        for number, series in self._state.series.items():
            held: dict[int, list[int]] = {account: [] for account in series.positions}
            for side in (BUYS, SELLS):
                for order_id, order in view.orders(number, side):
                    if order.epoch == view.position(order.account, number).epoch:
                        held[order.account].append(order_id)
            for account, ids in held.items():
                model = [order_id for order_id, _ in self._exchange.held_orders(account, number)]
                yield f"held_orders of account {account} in {number}", model, sorted(ids)

    # --- the oracle ---

    def _oracle_sums(self) -> Iterator[Answer]:
        oracle = self._oracle
        told: dict[str, int | str] = {
            "owner": oracle.owner,
            "pendingOwner": oracle.pending_owner,
            "feedCount": oracle.feed_count,
            "operatorSetCount": oracle.operator_set_count,
            "maxLag": oracle.max_lag,
        }
        for function, value in told.items():
            yield function, (), _just(value)
        yield "eip712Domain", (), _just(*self._domain(DOMAIN_NAME, self._model.domain.oracle))
        for number in self._some(range(1, oracle.operator_set_count + 1)):
            yield "operatorSet", (number,), partial(self._operator_set, number)

    def _operator_set(self, number: int) -> tuple[int, ...]:
        operators_hash, *rest = self._oracle.operator_set(number)
        return int.from_bytes(operators_hash) << 64, *rest  # its 24 bytes are the high ones

    def _feeds(self, time: int) -> Iterator[Answer]:
        oracle = self._oracle
        for feed in self._some(range(1, oracle.feed_count + 1)):
            yield "feedInfo", (feed,), partial(self._feed_info, feed)
            yield "feedStatus", (feed,), partial(self._feed_status, feed)
            yield "heartbeat", (feed,), partial(self._heartbeat, feed)
            yield "latest", (feed,), partial(oracle.latest, feed, time)
            yield "accumulated", (feed, time), partial(oracle.accumulated, feed, time)

    def _feed_info(self, feed: int) -> tuple[int, ...]:
        symbol, methodology, *rest = self._oracle.feed_info(feed)
        return int.from_bytes(symbol), int.from_bytes(methodology), *rest

    def _heartbeat(self, feed: int) -> tuple[int]:
        return (self._oracle.heartbeat(feed),)

    def _feed_status(self, feed: int) -> tuple[int, ...]:
        f = self._oracle.feed_status(feed)
        waiting = f.pending or (0, 0, 0)
        return f.price, f.time, f.round, f.pending is not None, f.halted, *waiting

    def _windows(self, time: int) -> Iterator[Answer]:
        oracle, today = self._oracle, time // DAY
        for feed, day in product(self._some(range(1, oracle.feed_count + 1)), (today - 1, today, today + 1)):
            whole = (feed, day - 2, day)
            yield "checkpoint", (feed, day), partial(oracle.checkpoint, feed, day, time)
            yield "lastBefore", (feed, day), partial(oracle.last_before, feed, day, time)
            yield "window", whole, partial(oracle.window, *whole, time)
            yield "windowRange", whole, partial(oracle.window_range, *whole, time)

    # --- tokens ---

    def _token(self, number: int, long: bool, token: PositionToken) -> Iterator[Answer]:
        symbol = self._exchange.spec_of(number).symbol + ("-LONG" if long else "-SHORT")
        domain = self._domain("olivepress position", token.address)
        told: dict[str, int | str] = {
            "name": f"olivepress {symbol}",
            "symbol": symbol,
            "decimals": 0,
            "exchange": self._state.address,
            "series": number,
            "isLong": long,
            "totalSupply": sum(token.balances.values()),
            "DOMAIN_SEPARATOR": int.from_bytes(_separator(*domain[1:5])),
        }
        for function, value in told.items():
            yield function, (), _just(value)
        yield "eip712Domain", (), _just(*domain)
        yield "nonces", (self._people[0],), _just(0)  # no run signs a permit

    def _holders(self, token: Token) -> Iterator[Answer]:
        """Balances and allowances of whoever has or gave some, and of somebody else."""
        allowed = {
            key[1:]: amount for key, amount in self._model.allowances.items() if key[0] == token.address
        }
        for who in (self._people[-1], *token.balances):
            yield "balanceOf", (who,), _just(token.balances.get(who, 0))
        for pair in (tuple(self._people[-2:]), *allowed):
            yield "allowance", pair, _just(allowed.get(pair, 0))

    def _domain(self, name: str, contract: str) -> tuple[Any, ...]:
        """What `eip712Domain` says of a contract whose domain is of version 1."""
        return _SIGNED_FIELDS, name, "1", self._model.domain.chain_id, contract, bytes(32), ()

    def _some(self, known: Any) -> list[int]:
        """All numbers that are known, one before and one after."""
        return [0, *known, len(known) + 1]


def _just(*values: Any) -> Model:
    """Values that are known already. A single address becomes its number, which is packed faster."""
    if len(values) == 1 and isinstance(values[0], str) and values[0][:2] == "0x":
        return lambda: (int(values[0], 16),)
    return lambda: values


def _separator(name: str, version: str, chain_id: int, contract: str) -> bytes:
    hashes = keccak256(name.encode()) + keccak256(version.encode())
    return keccak256(_DOMAIN + hashes + words(chain_id, int(contract, 16)))
