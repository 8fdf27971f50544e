"""The two sides at the edge between signatures that are taken and those that are malleable."""

from __future__ import annotations

import pytest
from coincurve import PrivateKey

from differential.actions import Action
from differential.arena import DAY, Arena
from differential.setting import CHAIN_ID, DEPLOYER, FIRST_DAY
from differential.updates import HALF_ORDER, OPERATORS, Update, digest, sign
from olivepress.oracle.codec import OracleDomain
from olivepress.signer import LocalSigner

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
NOW = FIRST_DAY * DAY + 1
NONCE = 7


def signed_with(update: Update, s: int, domain: OracleDomain) -> tuple[LocalSigner, Update]:
    """An operator, and the update with its signature that has this `s`: s = (hash + r x key) / nonce."""
    x, y = PrivateKey.from_int(NONCE).public_key.point()
    told = int.from_bytes(digest(update, update.values[0], domain))
    key = (s * NONCE - told) * pow(x, -1, ORDER) % ORDER
    vs = s | (y & 1) << 255
    return LocalSigner(key), update._replace(signatures=(x.to_bytes(32) + vs.to_bytes(32),))


@pytest.mark.parametrize(("s", "error"), [(HALF_ORDER, ""), (HALF_ORDER + 1, "MalleableSignature"), (1, "")])
@pytest.mark.parametrize("verb", ["oracle.update", "oracle.noteRange"])
def test_the_higher_of_two_signatures_is_refused(verb: str, s: int, error: str) -> None:
    """[ORACLE-6] Both are the operator's, and right in everything else."""
    assert HALF_ORDER == ORDER // 2
    arena = Arena(reads_every=1)
    domain = OracleDomain(CHAIN_ID, arena.contracts.addresses["oracle"])
    anybody = OPERATORS[0]
    plain = sign(domain, 1, 1, [anybody], NOW, {anybody: {1: 10**8}})
    operator, update = signed_with(plain, s, domain)
    assert update.recovered(domain) == (operator.address,)
    for before, *args in (
        ("oracle.addOperatorSet", (operator.address,), 1),
        ("oracle.addFeed", (b"ONE".ljust(32, b"\0"), bytes(32), 1, DAY, 500)),
    ):
        arena.step(Action(NOW, DEPLOYER, before, tuple(args)))
    assert arena.step(Action(NOW, DEPLOYER, verb, (update,))).outcome.error == error
