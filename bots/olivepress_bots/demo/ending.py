"""The end of the month: settlement, claims, the last withdrawal, and the count of every unit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from olivepress.mirror import Mirror
from olivepress.types import Phase
from olivepress.units import amount_to_base, base_to_amount, day_of, day_start
from olivepress_bots.demo.play import Play
from olivepress_bots.demo.recompute import integrate, settlement_tick
from olivepress_bots.demo.scenario import MAX_LAG, SeriesPlan


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is left when everybody has gone, base units, each figure read from the chain."""

    deposits: int
    withdrawals: int
    held: int
    fees: int
    dust: int
    checks: dict[str, bool]

    @property
    def conserved(self) -> bool:
        """Every check holds."""
        return all(self.checks.values())


async def settle_everything(play: Play) -> dict[str, Decimal]:
    """Fixes the window, settles both series and every account; returns the settlement prices by symbol."""
    owner = play.market.owner
    play.clock.at(play.scenario.end + MAX_LAG + 60)
    for plan in play.scenario.plans:
        feed = play.market.feeds[plan.feed]
        for day in (play.scenario.window_start, play.scenario.expiry):
            await play.market.oracle.fix_checkpoint(feed, day_of(day))
    prices = {plan.symbol: await owner.settle(plan.symbol) for plan in play.scenario.plans}
    await owner.settle_accounts([member.account for member in play.members])
    return prices


async def pay_out(play: Play) -> None:
    """Everybody draws its claims and withdraws all of its cash; fees go to the treasury."""
    mirror = await play.shared.sync()
    for plan in play.scenario.plans:
        for member in play.members:
            if mirror.position(member.account, plan.symbol).quote > 0:
                await member.client.draw(member.account, plan.symbol)
    mirror = await play.shared.sync()
    for member in play.members:
        cash = mirror.account(member.account).cash
        if cash:
            await member.client.withdraw(base_to_amount(cash, mirror.decimals))
    for plan in play.scenario.plans:
        if (await play.market.owner.status(plan.symbol)).fees:
            await play.market.owner.collect_fees(plan.symbol)


async def count(play: Play) -> Outcome:
    """Adds up what went in and out, from the events, and compares it with what the chain says is there."""
    mirror = await play.shared.sync()
    state = mirror.state
    deposits = sum(account.deposited for account in state.accounts.values())
    withdrawals = sum(account.withdrawn for account in state.accounts.values())
    held = await _balance(play, play.market.deployment.exchange)
    fees = amount_to_base(await play.market.owner.treasury(), mirror.decimals)
    dust = held - fees
    wallets = [await _balance(play, member.client.sender.address) for member in play.members]
    phases = [await play.market.owner.phase(plan.symbol) for plan in play.scenario.plans]
    rounding = len(state.accounts) * len(state.series)
    checks = {
        "deposits equal withdrawals plus what the exchange holds": deposits == withdrawals + held,
        "wallets hold exactly what was withdrawn": wallets
        == [_withdrawn(mirror, m.account) for m in play.members],
        "no account has cash left": all(account.cash == 0 for account in state.accounts.values()),
        "nobody has an open claim or debt": not _open_claims(mirror),
        "the dust is at most one unit an account and series": 0 <= dust <= rounding,
        "the dust is what rounding left in the pools": dust == sum(s.pool for s in state.series.values()),
        "the logs alone give the same total": state.tokens() == held,
        "the pool identity holds in every series": all(s.identity() == 0 for s in state.series.values()),
        "every series is closed": all(phase is Phase.CLOSED for phase in phases),
    }
    return Outcome(deposits, withdrawals, held, fees, dust, checks)


def recomputed_price(play: Play, mirror: Mirror, plan: SeriesPlan) -> Decimal | None:
    """The settlement price from the published reports alone; None when nothing was published."""
    spec = mirror.series(plan.symbol).spec
    published = play.recorder.published[play.market.feeds[plan.feed]]
    window = integrate(
        published, play.scenario.heartbeat, day_start(spec.window_start), day_start(spec.expiry_day)
    )
    tick = settlement_tick(window, spec.tick_size, spec.price_cap)
    return None if tick is None else mirror.terms(plan.symbol).to_price(tick)


def _withdrawn(mirror: Mirror, account: int) -> int:
    return mirror.account(account).withdrawn


def _open_claims(mirror: Mirror) -> list[int]:
    """Accounts that could still draw, or still owe, in a settled series. Less than a unit cannot be drawn."""
    return [
        account
        for series in mirror.state.series.values()
        for account, position in series.positions.items()
        if position.quote < 0 or position.quote > 1 or position.lots
    ]


async def _balance(play: Play, address: str) -> int:
    """Collateral of an address, base units."""
    decimals = play.market.deployment.collateral_decimals
    return amount_to_base(await play.market.owner.balance(address), decimals)
