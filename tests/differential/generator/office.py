"""Single moves of the owner on the exchange, and calls that nobody should make."""

from __future__ import annotations

from differential.actions import Action
from differential.generator.setup import spec
from differential.generator.world import World

FEW = 5  # live series up to which a life lists another by chance

# One field at a time beyond what the exchange takes.
WRONG: dict[str, list[object]] = {
    "symbol": ["", "X" * 32],
    "tick_size": [0, 12_345],
    "tick_value": [0],
    "price_cap": [0, 1, 2**24 - 1],
    "initial_mark": [0, 2**24 - 1],
    "max_basis": [2**23],
    "min_lots": [0],
    "position_limit": [0, 2**30 + 1],
    "open_interest_cap": [0, 2**30 + 1],
    "taker_fee": [50_001],
    "maker_rebate": [65_535],
    "band_bps": [0, 10_000],
    "gap_bps": [0, 10_000],
    "mm_bps": [0, 10_001],
    "spread_bps": [10_001],
    "gain_pct": [101],
    "im_bps": [0, 10_001],
    "max_mark_age": [0, 3_601],
    "window_start": [0, 65_535],
    "expiry_day": [0, 65_535],
    "feed": [99],
}


def by_owner(w: World) -> str:
    return w.owner if w.chance(92) else w.anybody()


def list_wrong(w: World) -> Action:
    """Terms that break one bound."""
    feed = w.pick(list(w.feeds))
    field = w.pick(list(WRONG))
    changes: dict[str, object] = {field: w.pick(WRONG[field])}
    if w.chance(5):
        changes = {"tick_value": 2**32 - 1, "price_cap": 2**24 - 2, "open_interest_cap": 2**30}
    elif w.chance(5):
        changes = {"im_bps": 10_000, "concentration_pct": w.pick([1, 255])}
    return w.act(by_owner(w), "exchange.listSeries", spec(w, feed, **changes))


def list_another(w: World) -> Action:
    """Another month, when few are alive."""
    if len(w.alive()) >= FEW:
        return list_wrong(w)
    return w.act(by_owner(w), "exchange.listSeries", spec(w, w.pick(list(w.feeds))))


def ownership(w: World) -> Action:
    """Offers the ownership of a contract, or takes it back to where it was."""
    contract = w.pick(["exchange", "oracle"])
    verb = w.pick(["transferOwnership", "transferOwnership", "acceptOwnership", "renounceOwnership"])
    owner = w.owner if contract == "exchange" else w.oracle_owner
    sender = owner if w.chance(90) else w.anybody()
    if verb == "transferOwnership":
        return w.act(sender, f"{contract}.{verb}", w.trader())
    if verb == "acceptOwnership":
        pending = w.contracts.storage(w.contracts.addresses[contract], 1) & (1 << 160) - 1
        return w.act(f"0x{pending:040x}" if pending else w.anybody(), f"{contract}.{verb}")
    return w.act(w.trader(), f"{contract}.{verb}")


def unknown(w: World) -> Action:
    """A function that no desk knows."""
    return w.act(w.anybody(), "exchange.", w.rng.getrandbits(32).to_bytes(4) + bytes(32))


def mint_token(w: World) -> Action:
    """Only the exchange mints and burns position tokens."""
    series = w.pick(list(w.listed()) or [1])
    token = w.view.token(series, w.chance(50))
    if not int(token, 16):
        return w.act(w.anybody(), "exchange.createTokens", series)
    return w.act(w.anybody(), w.pick(["token.mint", "token.burn"]), token, w.trader(), 1)
