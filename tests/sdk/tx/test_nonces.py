"""Nonces stay without holes and are never handed out twice, whatever is given back."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from olivepress.tx.nonces import Nonces


class NonceMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.nonces = Nonces()
        self.nonces.start(5)
        self.held: set[int] = set()
        self.used = 5

    @rule()
    def take(self) -> None:
        nonce = self.nonces.take()
        assert nonce not in self.held
        assert nonce >= self.used
        # The lowest that nobody holds.
        assert nonce == next(n for n in range(self.used, self.used + 1000) if n not in self.held)
        self.held.add(nonce)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        nonce = data.draw(st.sampled_from(sorted(self.held)))
        self.held.remove(nonce)
        self.nonces.give_back(nonce)
        self.nonces.give_back(nonce)

    @rule(nonce=st.integers(5, 40))
    def claim(self, nonce: int) -> None:
        free = nonce not in self.held and nonce >= self.used
        claimed = self.nonces.claim(nonce)
        # One past the end, or one given back; never one that is held.
        assert not claimed or free
        if claimed:
            self.held.add(nonce)

    @rule(more=st.integers(1, 4))
    def mined_elsewhere(self, more: int) -> None:
        self.used += more
        self.held = {nonce for nonce in self.held if nonce >= self.used}
        self.nonces.consumed(self.used)

    @invariant()
    def started(self) -> None:
        assert self.nonces.started


TestNonces = NonceMachine.TestCase
