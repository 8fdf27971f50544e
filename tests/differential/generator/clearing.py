"""Single moves on money: deposits, agents, realising, settlement, liquidation, tokens."""

from __future__ import annotations

from differential.actions import Action
from differential.generator.world import World
from differential.setting import AGENTS, ARBITER, DAY, EVERYBODY, GUARDIAN, NOBODY, STRANGERS, TRADERS


def deposit(w: World) -> Action:
    account = 0 if w.chance(80) else w.any_account()
    if w.chance(10) and w.view.account_count:
        account = w.between(1, w.view.account_count)  # a token's account among them
    amount = w.pick([0, 1, 10**6, 10**9, w.rng.randrange(10**10)])
    return w.act(w.anybody() if w.chance(60) else w.pick(TRADERS), "exchange.deposit", account, amount)


def mint(w: World) -> Action:
    who = w.pick(EVERYBODY)
    return w.act(who, "usdc.mint", who, w.rng.randrange(10**10))


def withdraw(w: World) -> Action:
    sender = w.anybody()
    account = w.account_of(sender)
    cash = w.view.cash(account) if account else 0
    _, im_equity, im, _ = w.margin(account) if account else (0, 0, 0, 0)
    free = max(0, min(cash, im_equity - im))
    amount = w.pick([0, 1, free, free // 2, free // 10, free // 50, free + 1, cash, cash + 1])
    to = sender if w.chance(90) else w.pick([NOBODY, w.exchange, w.pick(STRANGERS)])
    return w.act(sender, "exchange.withdraw", amount, to)


def open_account(w: World) -> Action:
    return w.act(w.pick(EVERYBODY), "exchange.open")


def invite(w: World) -> Action:
    agent = w.pick([*AGENTS, *AGENTS, w.pick(EVERYBODY), NOBODY])
    expiry = w.now + w.pick([60, 3_600, 10 * DAY]) if w.chance(93) else w.now - w.pick([0, 1])
    permissions = w.pick([1, 2, 3, 3, 3, 0, 255, 254])
    return w.act(w.anybody(), "exchange.inviteAgent", agent, max(0, expiry), permissions)


def accept(w: World) -> Action:
    return w.act(w.pick([*AGENTS, *AGENTS, w.pick(EVERYBODY)]), "exchange.acceptAgent", w.any_account())


def remove(w: World) -> Action:
    agent = w.pick([*AGENTS, w.pick(EVERYBODY)])
    sender = agent if w.chance(30) else w.anybody()
    return w.act(sender, "exchange.removeAgent", agent)


# --- realising and settlement ---


def flat_with_quote(w: World) -> list[tuple[int, int]]:
    """(account, series) where lots are 0 and something is left."""
    found = []
    for series in w.listed():
        for account in w.accounts():
            p = w.view.position(account, series)
            if p.lots == 0 and p.quote != 0 and series in w.view.series_of(account):
                found.append((account, series))
    return found


def realise(w: World) -> Action:
    ready = flat_with_quote(w)
    account, series = w.pick(ready) if ready and w.chance(80) else (w.any_account(), w.any_series())
    payers: tuple[int, ...] = ()
    if w.chance(60):
        payers = tuple(w.pick(w.accounts() or [1]) for _ in range(w.between(1, 3)))
    return w.act(w.anybody(), "exchange.realise", account, series, payers)


def settle(w: World) -> Action:
    expired = w.expired()
    series = w.pick(expired) if expired and w.chance(80) else w.any_series()
    return w.act(w.anybody(), "exchange.settle", series)


def settle_accounts(w: World) -> Action:
    count = w.view.account_count
    accounts = tuple(w.between(1, count) for _ in range(w.between(0, 4))) if count else ()
    return w.act(w.anybody(), "exchange.settleAccounts", accounts)


def draw(w: World) -> Action:
    claims = [
        (account, series)
        for series in w.expired()
        for account in w.accounts()
        if w.view.claim(account, series)[1] > 0
    ]
    account, series = w.pick(claims) if claims and w.chance(85) else (w.any_account(), w.any_series())
    return w.act(w.anybody(), "exchange.draw", account, series)


def collect_fees(w: World) -> Action:
    expired = w.expired()
    series = w.pick(expired) if expired and w.chance(80) else w.any_series()
    return w.act(w.anybody(), "exchange.collectFees", series)


def collect_bounty(w: World) -> Action:
    expired = w.expired()
    series = w.pick(expired) if expired and w.chance(80) else w.any_series()
    return w.act(w.anybody(), "exchange.collectBounty", series)


def challenge(w: World) -> Action:
    expired = w.expired()
    series = w.pick(expired) if expired and w.chance(70) else w.any_series()
    return w.act(w.anybody(), "exchange.challenge", series)


def rule(w: World) -> Action:
    challenged = [one for one in w.expired() if w.view.challenge(one).challenger]
    series = w.pick(challenged) if challenged and w.chance(80) else w.any_series()
    mark = int(w.view.hot(series).mark)
    tick = max(0, mark + w.pick([0, 0, 1, -1, 5, -5, mark, -mark]))
    sender = ARBITER if w.chance(80) else w.anybody()
    return w.act(sender, "exchange.rule", series, min(tick, 2**24 - 1), w.rng.getrandbits(256).to_bytes(32))


# --- liquidation ---


def worst(w: World) -> int:
    """The account with the least equity above maintenance margin, or any."""
    accounts = w.accounts()
    if not accounts or w.chance(25):
        return w.any_account()
    held = [one for one in accounts if any(w.view.position(one, s).lots for s in w.view.series_of(one))]
    return min(held or accounts, key=lambda one: w.margin(one)[0] - w.margin(one)[3])


def keeper(w: World, account: int) -> str:
    """Mostly somebody else than the account's owner."""
    sender = w.anybody()
    return w.anybody() if sender == w.view.owner_of(account) else sender


def cancel_orders(w: World, account: int = 0) -> Action:
    return w.act(w.anybody(), "exchange.cancelOrders", account or worst(w))


def liquidate(w: World, account: int = 0) -> Action:
    account = account or worst(w)
    held = [one for one in w.view.series_of(account) if w.view.position(account, one).lots]
    series = w.pick(held) if held and w.chance(90) else w.any_series()
    lots = w.pick([1, 2, 1_000_000, w.between(0, 20)])
    low, high = w.band(series)
    long_ = w.view.position(account, series).lots > 0
    limit = (low if long_ else high) if w.chance(80) else w.between(0, 2 * high)
    steps = w.pick([0, 0, 1, 3])
    args = (account, series, lots, min(limit, 2**24 - 1), steps)
    return w.act(keeper(w, account), "exchange.liquidate", *args)


def auction(w: World, account: int = 0) -> Action:
    account = account or worst(w)
    held = [one for one in w.view.series_of(account) if w.view.position(account, one).lots]
    feed = int(w.view.terms(w.pick(held)).feed) if held and w.chance(90) else w.between(0, 4)
    fraction = w.pick([1_000_000, 500_000, 250_000, w.between(1, 10**6)])
    if w.chance(10):
        fraction = w.pick([0, 1, 1_000_001])
    return w.act(keeper(w, account), "exchange.auction", account, feed, fraction)


def flag(w: World, account: int = 0) -> Action:
    return w.act(w.anybody(), "exchange.flag", account or worst(w))


def declare(w: World) -> Action:
    account = worst(w)
    feeds = list(w.feeds) or [1]
    return w.act(w.anybody(), "exchange.declare", account, w.pick(feeds) if w.chance(95) else 9)


def top_up(w: World) -> Action:
    feed = w.pick(list(w.feeds) or [1]) if w.chance(90) else w.pick([0, 9])
    return w.act(w.anybody(), "exchange.topUpInsurance", feed, w.pick([0, 1, 10**6, w.rng.randrange(10**9)]))


def quote_while_braked(w: World, feed: int) -> Action:
    """A new order in a series of a feed whose deficits exceed its insurance."""
    months = [one for one in w.alive() if w.view.terms(one).feed == feed] or [1]
    series = w.pick(months)
    low, high = w.band(series)
    return w.act(w.trader(), "exchange.place", series, 0, w.between(low, high), 5, 0, 0, 0)


# --- tokens ---


def create_tokens(w: World) -> Action:
    return w.act(w.anybody(), "exchange.createTokens", w.any_series())


def tokened(w: World) -> list[int]:
    return [one for one in w.listed() if int(w.view.token(one, True), 16)]


def wrap(w: World) -> Action:
    choices = tokened(w)
    series = w.pick(choices) if choices and w.chance(90) else w.any_series()
    long_ = w.chance(50)
    holders = w.holders(series, sign_of=1 if long_ else -1)
    account = w.pick(holders) if holders else 0
    sender = w.view.owner_of(account) if account and w.chance(92) else w.anybody()
    lots = abs(int(w.view.position(account, series).lots)) if account else 1
    wanted = w.pick([1, lots, w.between(0, lots), lots + 1])
    to = sender if w.chance(90) else w.pick([NOBODY, w.pick(EVERYBODY), w.exchange])
    return w.act(sender, "exchange.wrap", series, long_, wanted, to)


def token_holder(w: World) -> tuple[int, bool, str, int]:
    """(series, long, holder, balance) of some token, (0, True, someone, 0) when there is none."""
    found = []
    for series in tokened(w):
        for long_ in (True, False):
            token = w.view.token(series, long_)
            found += [
                (series, long_, one, held) for one in EVERYBODY if (held := w.view.token_balance(token, one))
            ]
    return w.pick(found) if found else (w.any_series(), True, w.anybody(), w.between(0, 1))


def unwrap(w: World) -> Action:
    series, long_, holder, held = token_holder(w)
    wanted = w.pick([1, held, w.between(0, held), held + 1])
    return w.act(holder, "exchange.unwrap", series, long_, wanted)


def redeem(w: World) -> Action:
    series, long_, holder, held = token_holder(w)
    wanted = w.pick([1, held, w.between(0, held), held + 1])
    return w.act(holder, "exchange.redeem", series, long_, wanted)


def transfer(w: World) -> Action:
    series, long_, holder, held = token_holder(w)
    token = w.view.token(series, long_)
    if not int(token, 16):
        return w.act(w.anybody(), "usdc.transfer", w.pick(EVERYBODY), w.pick([0, 1, 10**30]))
    to, lots = w.pick([*EVERYBODY, NOBODY]), w.pick([0, 1, held, held + 1])
    if to in TRADERS:
        return w.act(holder, "token.transfer", token, to, lots)
    spender = STRANGERS[0]
    if not w.view.allowance(token, holder, spender):
        return w.act(holder, "token.approve", token, spender, lots or 2**256 - 1)
    return w.act(spender, "token.transferFrom", token, holder, to, lots)


# --- office ---


def brake(w: World) -> Action:
    sender = GUARDIAN if w.chance(85) else w.anybody()
    braked = [one for one in w.alive() if w.view.hot(one).flags & 4]
    if braked and w.chance(80):
        return w.act(sender, "exchange.setReduceOnly", w.pick(braked), False)
    return w.act(sender, "exchange.setReduceOnly", w.any_series(), w.chance(50))


def withdraw_treasury(w: World) -> Action:
    sender = w.owner if w.chance(85) else w.anybody()
    amount = w.pick([0, 1, w.view.treasury, w.view.treasury + 1])
    return w.act(sender, "exchange.withdrawTreasury", w.pick([w.owner, w.owner, NOBODY, w.exchange]), amount)


def set_role(w: World) -> Action:
    sender = w.owner if w.chance(70) else w.anybody()
    verb, who = w.pick([("exchange.setGuardian", GUARDIAN), ("exchange.setArbiter", ARBITER)])
    return w.act(sender, verb, who)
