"""The contracts, owned by a timelock; calls by name, and time that only goes on."""

from __future__ import annotations

from typing import Any

from differential.evm import Contracts
from differential.interfaces import interface_of
from differential.setting import DEPLOYER
from olivepress.contracts.artifacts import load
from olivepress.events import default_decoder
from olivepress.events.model import Event
from olivepress.oracle.codec import OracleDomain
from year.weather import DAY

DELAY = 2 * DAY
ARBITER = "0x" + "a5" * 20
ANYONE = "0x" + "ee" * 20
_NONE = bytes(32)


class Chain(Contracts):
    """Everything the owner does goes through the timelock, two days ahead."""

    def __init__(self, *, max_lag: int, time: int) -> None:
        super().__init__(max_lag=max_lag, time=time)
        self.now = time
        timelock = load("Timelock")
        self._locked = timelock.interface
        whole = {"minDelay_": DELAY, "proposers_": [DEPLOYER], "executors_": [DEPLOYER]}
        code = timelock.creation_code({}, **whole)
        self.timelock: str = self._evm.deploy(DEPLOYER, code).lower()
        for target in ("oracle", "exchange"):
            self.call(DEPLOYER, target, "transferOwnership", self.timelock)
            self.schedule(target, "acceptOwnership")
        self.wait_until(time + DELAY)
        for target in ("oracle", "exchange"):
            self.execute(target, "acceptOwnership")

    @property
    def domain(self) -> OracleDomain:
        return OracleDomain(31_337, self.addresses["oracle"])

    def wait_until(self, time: int) -> None:
        """The next block's time; never back."""
        self.now = max(self.now, time)
        self.set_time(self.now)

    def call(self, sender: str, target: str, function: str, *arguments: Any) -> list[Event]:
        """Sends a call and returns its events. Raises what it reverts with."""
        return self.submit(sender, target, interface_of(target).encode(function, *arguments))

    def submit(self, sender: str, target: str, data: bytes) -> list[Event]:
        """The same with calldata as it is."""
        answer = self.send(sender, self.addresses[target], data)
        if answer.error is not None:
            raise answer.error
        return default_decoder().decode_all(answer.logs)

    def schedule(self, target: str, function: str, *arguments: Any) -> None:
        """The owner announces a call."""
        self._through("schedule", target, function, arguments, DELAY)

    def execute(self, target: str, function: str, *arguments: Any) -> list[Event]:
        """The owner makes a call announced at least `DELAY` ago. Raises what it reverts with."""
        return self._through("execute", target, function, arguments)

    def _through(
        self, step: str, target: str, function: str, arguments: tuple[Any, ...], *more: int
    ) -> list[Event]:
        data = interface_of(target).encode(function, *arguments)
        whole = self._locked.encode(step, self.addresses[target], 0, data, _NONE, _NONE, *more)
        answer = self.send(DEPLOYER, self.timelock, whole)
        if answer.error is not None:
            raise answer.error
        return default_decoder().decode_all(answer.logs)

    def balance(self, who: str) -> int:
        """Collateral in an address' own hands."""
        return int(self.read("usdc", "balanceOf", who)[0])

    def cash(self, account: int) -> int:
        """Collateral in an account."""
        return int(self.read("lens", "marginOf", account)[0][0])
