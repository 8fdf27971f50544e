"""Nonces of one key, for many transactions in flight."""

from __future__ import annotations

from heapq import heapify, heappop, heappush


class Nonces:
    """Hands out nonces in order; one that was given back is handed out first, so that no hole stays."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._free: list[int] = []

    @property
    def started(self) -> bool:
        return self._next is not None

    def start(self, count: int) -> None:
        """`count`: transactions of the key that the node knows. Never goes back behind its own."""
        self._next = count if self._next is None else max(self._next, count)

    def consumed(self, count: int) -> None:
        """Nonces below `count` are used up on the chain."""
        self._free = [nonce for nonce in self._free if nonce >= count]
        heapify(self._free)
        self.start(count)

    def take(self) -> int:
        if self._free:
            return heappop(self._free)
        if self._next is None:
            raise RuntimeError("nonces are taken before they were read")
        self._next += 1
        return self._next - 1

    def give_back(self, nonce: int) -> None:
        """The transaction under this nonce was never accepted."""
        if self._next is not None and nonce < self._next and nonce not in self._free:
            heappush(self._free, nonce)
        while self._next is not None and self._next - 1 in self._free:
            self._next -= 1
            self._free.remove(self._next)
            heapify(self._free)

    def claim(self, nonce: int) -> bool:
        """Takes one nonce out of those given back; False when it is not among them."""
        if nonce in self._free:
            self._free.remove(nonce)
            heapify(self._free)
            return True
        if self._next is not None and nonce == self._next:
            self._next += 1
            return True
        return False
