"""Tokens that are no good as money, compiled here and used as collateral."""

from __future__ import annotations

from decimal import Decimal

import pytest

from olivepress import reverts
from olivepress.contracts.abi import Interface
from olivepress.deploy import deploy_all
from olivepress.devchain import DevChain
from olivepress.exchange import ExchangeClient
from olivepress.signer import LocalSigner
from olivepress.tx import TransactionSender
from solidity import Compile

FEE_ON_TRANSFER = """
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

contract Toll {
    string public constant symbol = "TOLL";
    uint8 public constant decimals = 6;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    constructor() {
        balanceOf[msg.sender] = 1_000_000;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        allowance[from][msg.sender] -= amount;
        return _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        balanceOf[from] -= amount;
        balanceOf[to] += amount - amount / 100;
        return true;
    }
}
"""


async def test_a_token_that_takes_a_fee_is_refused_and_nothing_is_lost(
    chain: DevChain, solidity: Compile
) -> None:
    toll = solidity(FEE_ON_TRANSFER)["Toll"]
    signer = LocalSigner(chain.keys[0])
    sender = TransactionSender(chain.transport, signer, chain.chain_id, before_wait=chain.mine_pending)
    address = (await sender.execute(None, toll.bytecode)).contract_address
    assert address is not None
    deployment = await deploy_all(sender, collateral=address)
    assert (deployment.collateral_symbol, deployment.collateral_decimals) == ("TOLL", 6)
    await deployment.verify(chain.transport)
    client = ExchangeClient(sender, deployment)
    with pytest.raises(reverts.UnsupportedToken) as refused:
        await client.deposit(Decimal("0.5"))
    assert (refused.value.sent, refused.value.received) == (500_000, 495_000)
    assert await client.balance(client.address) == Decimal(1)
    assert await client.balance(deployment.exchange) == 0
    assert (await client.principal(client.address)).account == 0
    # The token works as such, so the refusal is the exchange's.
    data = Interface(toll.abi).encode("transfer", chain.accounts[1], 100)
    await sender.execute(address, data)
    assert await client.balance(chain.accounts[1]) == Decimal("0.000099")
