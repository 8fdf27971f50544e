"""Deploys a whole exchange in one call.

`deploy_all` sends: collateral (MockUSDC, local chains only, when none is given), IndexOracle, the exchange's external
libraries, Exchange and Lens, and returns a `Deployment` manifest.
"""

from __future__ import annotations

from olivepress.manifest import Deployment
from olivepress.tx import TransactionSender


async def deploy_all(
    sender: TransactionSender,
    *,
    collateral: str | None = None,
    owner: str | None = None,
    guardian: str | None = None,
    max_lag: int = 3600,
) -> Deployment:
    """Deploys oracle, exchange and lens.

    :param collateral: address of an ERC-20 with at most 8 decimals; None deploys MockUSDC, on local chains only
    :param owner: who lists series and adds feeds; the sender's address by default
    :param guardian: who may make a series reduce-only; the owner by default
    :param max_lag: seconds after which the oracle refuses a report
    :raises ConfigurationError: no collateral on a chain that is not local, or collateral without code
    :raises TransactionError: a deployment failed; what was deployed before it stays unused on the chain
    """
    raise NotImplementedError
