"""What is refused before anything is sent, and what is packed when it is not. No chain needed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import exchange_kit as kit
from olivepress.contracts import packing
from olivepress.contracts.abi import snake_case
from olivepress.contracts.artifacts import exchange_interface, load
from olivepress.errors import OutOfRange, UnknownSymbol, ValidationError, WrongLots, WrongTick, WrongType
from olivepress.exchange import Calls, Cancel, ExchangeClient, Place, TokenSide
from olivepress.exchange import gas as gas_limits
from olivepress.manifest import ContractInfo, Deployment
from olivepress.types import OrderId, Series, Side, TimeInForce

D = Decimal
SYMBOL = kit.SPEC.symbol
HASH = "0x" + "00" * 32


def manifest() -> Deployment:
    names = ("Exchange", "IndexOracle", "Lens", "collateral")
    contracts = {
        name: ContractInfo(address="0x" + f"{at:02x}" * 20, code_hash=HASH)
        for at, name in enumerate(names, start=1)
    }
    return Deployment(
        chain_id=31337,
        genesis=HASH,
        block=1,
        contracts=contracts,
        collateral_symbol="USDC",
        collateral_decimals=6,
        versions={},
    )


@pytest.fixture
def calls() -> Calls:
    return Calls(manifest(), {SYMBOL: Series(1, kit.SPEC, 6)})


def buy(**changes: Any) -> Place:
    fields: dict[str, Any] = {"side": Side.BUY, "price": D("3.5"), "lots": 2}
    return Place(**(fields | changes))


def test_an_order_is_packed_in_contract_units(calls: Calls) -> None:
    order = Place(Side.SELL, D("3.505"), 7, TimeInForce.GTT, post_only=True, expiry=99, client_id=5)
    call = calls.place(SYMBOL, order, max_steps=9)
    assert call.data == packing.place(1, 128 | 4, 3505, 7, 99, 5, 9)
    assert call.to == manifest().exchange
    flags = {
        TimeInForce.GTC: 0,
        TimeInForce.IOC: 1,
        TimeInForce.FOK: 2,
    }
    for tif, wanted in flags.items():
        assert calls.place(SYMBOL, buy(tif=tif)).data == packing.place(1, wanted, 3500, 2, 0, 0, 0)
    both = calls.place(SYMBOL, buy(reduce_only=True, cancel_taking=True))
    assert both.data == packing.place(1, 8 | 16, 3500, 2, 0, 0, 0)


def test_a_batch_is_packed_back_to_back(calls: Calls) -> None:
    old = OrderId.pack(1, Side.BUY, 3400, 1, 1)
    call = calls.batch(SYMBOL, [Cancel(old), buy()], strict=True, max_steps=3)
    operations = packing.cancel_op(old) + packing.place_op(0, 3500, 2, 0, 0)
    assert call.data == packing.batch(1, operations, True, 3)


@pytest.mark.parametrize(
    ("changes", "kind", "field"),
    [
        ({"price": D("3.5005")}, WrongTick, "price"),
        ({"price": D("50.001")}, OutOfRange, "price"),
        ({"price": D(0)}, OutOfRange, "price"),
        ({"price": D(-1)}, OutOfRange, "price"),
        ({"price": 3.5}, WrongType, "price"),
        ({"price": "3.5"}, WrongType, "price"),
        ({"price": D("Infinity")}, OutOfRange, "price"),
        ({"lots": 0}, WrongLots, "lots"),
        ({"lots": -3}, WrongLots, "lots"),
        ({"lots": D("1.5")}, WrongLots, "lots"),
        ({"lots": 1.0}, WrongType, "lots"),
        ({"lots": 100_001}, WrongLots, "lots"),
        ({"side": 0}, WrongType, "side"),
        ({"side": "buy"}, WrongType, "side"),
        ({"tif": "IOC"}, WrongType, "tif"),
        ({"tif": TimeInForce.GTT}, OutOfRange, "expiry"),
        ({"tif": TimeInForce.GTT, "expiry": 2**32}, OutOfRange, "expiry"),
        ({"expiry": 5}, OutOfRange, "expiry"),
        ({"tif": TimeInForce.IOC, "post_only": True}, ValidationError, "post_only"),
        ({"client_id": 2**64}, OutOfRange, "client_id"),
        ({"client_id": -1}, OutOfRange, "client_id"),
    ],
)
def test_orders_that_are_refused(
    calls: Calls, changes: dict[str, Any], kind: type[ValidationError], field: str
) -> None:
    for build in (calls.place, lambda symbol, order: calls.batch(symbol, [order])):
        with pytest.raises(kind) as caught:
            build(SYMBOL, buy(**changes))
        assert caught.value.field == field
        assert caught.value.allowed


def test_a_price_off_the_grid_names_the_nearest(calls: Calls) -> None:
    with pytest.raises(WrongTick, match=r"3\.5 or 3\.501"):
        calls.place(SYMBOL, buy(price=D("3.5005")))


def test_other_refusals(calls: Calls) -> None:
    with pytest.raises(UnknownSymbol, match=SYMBOL):
        calls.place("LLM-FLAGSHIP-JAN27", buy())
    with pytest.raises(OutOfRange, match="operations"):
        calls.batch(SYMBOL, [])
    stray: Any = object()
    with pytest.raises(WrongType, match=r"operations: <object .*Place and Cancel"):
        calls.batch(SYMBOL, [buy(), stray])
    with pytest.raises(OutOfRange, match=r"accounts: .*at least one"):
        calls.settle_accounts([])
    with pytest.raises(OutOfRange, match="max_steps"):
        calls.place(SYMBOL, buy(), max_steps=2**16)
    with pytest.raises(UnknownSymbol, match=r"order_id: .*an order of series 1"):
        calls.cancel(OrderId.pack(2, Side.BUY, 1, 1, 1))
    with pytest.raises(ValidationError, match="an order of LLM-FLAGSHIP-DEC26"):
        calls.batch(SYMBOL, [Cancel(OrderId.pack(2, Side.BUY, 1, 1, 1))])
    with pytest.raises(OutOfRange, match="order_id"):
        calls.cancel(2**96)
    for amount in (D(0), D(-1), D("0.0000001")):
        with pytest.raises(OutOfRange, match="amount"):
            calls.deposit(amount)
        with pytest.raises(OutOfRange, match="amount"):
            calls.withdraw(amount, "0x" + "01" * 20)
    with pytest.raises(ValidationError, match="to"):
        calls.withdraw(D(1), "0x12")
    with pytest.raises(OutOfRange, match="account"):
        calls.deposit(D(1), 2**32)
    with pytest.raises(OutOfRange, match="permissions"):
        calls.invite_agent("0x" + "01" * 20, 99, 4)


def test_cold_calls_name_functions_of_the_contract(calls: Calls) -> None:
    selectors = {entry.selector: name for name, entry in exchange_interface().functions.items()}
    address = "0x" + "01" * 20
    built = {
        "withdraw": calls.withdraw(D(1), address),
        "open": calls.open_account(),
        "inviteAgent": calls.invite_agent(address, 99, 3),
        "acceptAgent": calls.accept_agent(1),
        "removeAgent": calls.remove_agent(address),
        "massCancelAll": calls.mass_cancel_all(),
        "prune": calls.prune(SYMBOL, Side.BUY, 5),
        "refreshMark": calls.refresh_mark(SYMBOL),
        "realise": calls.realise(1, SYMBOL, [2]),
        "settle": calls.settle(SYMBOL),
        "settleAccounts": calls.settle_accounts([1, 2]),
        "draw": calls.draw(1, SYMBOL),
        "collectFees": calls.collect_fees(SYMBOL),
        "withdrawTreasury": calls.withdraw_treasury(address, D(1)),
        "topUpInsurance": calls.top_up_insurance(1, D(1)),
        "collectBounty": calls.collect_bounty(SYMBOL),
        "challenge": calls.challenge(SYMBOL),
        "rule": calls.rule(SYMBOL, D("3.5"), HASH),
        "cancelOrders": calls.cancel_orders(1),
        "liquidate": calls.liquidate(1, SYMBOL, 1, D("3.5")),
        "auction": calls.auction(1, 1, D("0.5")),
        "flag": calls.flag(1),
        "declare": calls.declare(1, 1),
        "setGuardian": calls.set_guardian(address),
        "setArbiter": calls.set_arbiter(address),
        "setReduceOnly": calls.set_reduce_only(SYMBOL, True),
        "createTokens": calls.create_tokens(SYMBOL),
        "wrap": calls.wrap(SYMBOL, TokenSide.LONG, 1, address),
        "unwrap": calls.unwrap(SYMBOL, TokenSide.LONG, 1),
        "redeem": calls.redeem(SYMBOL, TokenSide.SHORT, 1),
    }
    assert {name: selectors[call.data[:4]] for name, call in built.items()} == {name: name for name in built}


def test_every_function_that_writes_has_a_call(calls: Calls) -> None:
    """What a client cannot send is named here, with who sends it."""
    views = {
        entry["name"]
        for name in ("Exchange", "BackOffice", "ClearingDesk", "RiskDesk", "TokenDesk", "SpreadDesk")
        for entry in load(name).abi
        if entry["type"] == "function" and entry["stateMutability"] in ("view", "pure")
    }
    elsewhere = {
        *("transferOwnership", "acceptOwnership", "renounceOwnership"),  # the owner's own tools
    }
    written = {snake_case(name) for name in exchange_interface().functions.keys() - views - elsewhere}
    own_names = {"open": "open_account"}
    assert [name for name in sorted(written) if not hasattr(calls, own_names.get(name, name))] == []
    assert [name for name in sorted(written) if not hasattr(ExchangeClient, own_names.get(name, name))] == []


def test_amounts_of_rare_calls_are_packed_in_contract_units(calls: Calls) -> None:
    words = calls.liquidate(3, SYMBOL, 7, D("3.505"), max_steps=9).data[4:]
    assert [int.from_bytes(words[at : at + 32]) for at in range(0, 160, 32)] == [3, 1, 7, 3505, 9]
    words = calls.auction(3, 2, D("0.25")).data[4:]
    assert [int.from_bytes(words[at : at + 32]) for at in range(0, 96, 32)] == [3, 2, 250_000]
    words = calls.rule(SYMBOL, D("3.505"), "0x" + "5e" * 32).data[4:]
    assert words == (1).to_bytes(32) + (3505).to_bytes(32) + b"\x5e" * 32
    for side, flag in ((TokenSide.LONG, 1), (TokenSide.SHORT, 0)):
        words = calls.unwrap(SYMBOL, side, 6).data[4:]
        assert [int.from_bytes(words[at : at + 32]) for at in range(0, 96, 32)] == [1, flag, 6]


def test_gas_grows_with_what_a_batch_may_do() -> None:
    assert gas_limits.batch(2, 0, True, 0) > gas_limits.batch(1, 0, True, 0)
    assert gas_limits.batch(1, 1, True, 0) > gas_limits.batch(1, 0, True, 0)
    assert gas_limits.batch(1, 0, False, 64) > gas_limits.batch(1, 0, False, 8)
    assert gas_limits.batch(1, 0, True, 64) < gas_limits.batch(1, 0, False, 64)
    assert gas_limits.liquidate(0) == gas_limits.liquidate(64) > gas_limits.liquidate(8)
