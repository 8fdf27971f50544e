"""The ERC-20 tokens of a series' sides: balances, transfers, and permits signed by a key (ERC-2612)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from olivepress.contracts.artifacts import load
from olivepress.contracts.contract import Contract
from olivepress.errors import Reverted, ValidationError
from olivepress.exchange.models import TxResult
from olivepress.exchange.results import tx_hash_of
from olivepress.hashing import keccak256
from olivepress.reverts import decode
from olivepress.signer import address_bytes, checksum_address
from olivepress.tx import TransactionSender
from olivepress.units import require_int, size_to_lots

PERMIT_TYPE = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
_PERMIT_TYPEHASH = keccak256(PERMIT_TYPE.encode())
_DOMAIN_TYPEHASH = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_VERSION_HASH = keccak256(b"1")
_U256 = 2**256 - 1


@dataclass(frozen=True, slots=True)
class Permit:
    """Lets `spender` move `lots` of `owner` until `deadline` (unix seconds). Addresses are EIP-55."""

    owner: str
    spender: str
    lots: int
    nonce: int
    deadline: int

    def digest(self, name: str, chain_id: int, token: str) -> bytes:
        """The 32 bytes that the owner signs: EIP-712, for the token at this address, whose domain has this
        name."""
        domain = keccak256(
            _DOMAIN_TYPEHASH
            + keccak256(name.encode())
            + _VERSION_HASH
            + _word(chain_id)
            + address_bytes(token, field="token").rjust(32, b"\0")
        )
        permit = keccak256(
            _PERMIT_TYPEHASH
            + address_bytes(self.owner, field="owner").rjust(32, b"\0")
            + address_bytes(self.spender, field="spender").rjust(32, b"\0")
            + _word(self.lots)
            + _word(self.nonce)
            + _word(self.deadline)
        )
        return keccak256(b"\x19\x01" + domain + permit)


@dataclass(frozen=True, slots=True)
class SignedPermit:
    """A permit and its signature: r 32 | s 32 | v 1."""

    permit: Permit
    signature: bytes


class PositionTokenClient:
    """One token, for one key. Amounts are whole lots: a token is one lot.

    Methods that send raise as those of `ExchangeClient` do; refusals have the names of OpenZeppelin's errors,
    such as `reverts.ERC20InsufficientBalance`.
    """

    def __init__(self, sender: TransactionSender, address: str) -> None:
        if sender.decode_error is Reverted:
            sender.decode_error = decode
        self.sender = sender
        self.address = checksum_address(address_bytes(address))
        self.contract = Contract(self.address, load("PositionToken").interface, sender.transport)

    async def symbol(self) -> str:
        """Such as 'LLM-FLAGSHIP-DEC26-LONG'."""
        return str(await self.contract.value("symbol"))

    async def total_supply(self) -> int:
        """Lots that are wrapped."""
        return int(await self.contract.value("totalSupply"))

    async def balance(self, owner: str | None = None) -> int:
        """Lots of an address, by default this key's."""
        return int(await self.contract.value("balanceOf", _address(owner or self.sender.address, "owner")))

    async def allowance(self, owner: str, spender: str) -> int:
        """Lots that `spender` may still move for `owner`."""
        pair = _address(owner, "owner"), _address(spender, "spender")
        return int(await self.contract.value("allowance", *pair))

    async def transfer(self, to: str, lots: int) -> TxResult:
        """Gives tokens of this key away."""
        return await self._send("transfer", _address(to, "to"), _lots(lots))

    async def transfer_from(self, owner: str, to: str, lots: int) -> TxResult:
        """Moves tokens of an owner who has permitted it."""
        return await self._send("transferFrom", _address(owner, "owner"), _address(to, "to"), _lots(lots))

    async def sign_permit(self, spender: str, lots: int, deadline: int) -> SignedPermit:
        """Signs a permit with this key, the owner's, and its next nonce; sends nothing.

        :param lots: 0 takes the permission back
        :param deadline: unix second after which nobody can submit it
        """
        signer = self.sender.signer
        permit = Permit(
            owner=signer.address,
            spender=_address(spender, "spender"),
            lots=require_int(lots, "lots", 0, _U256),
            nonce=int(await self.contract.value("nonces", signer.address)),
            deadline=require_int(deadline, "deadline", 0, _U256),
        )
        domain = await self.contract.read("eip712Domain")
        digest = permit.digest(domain["name"], self.sender.chain_id, self.address)
        return SignedPermit(permit, signer.sign_digest(digest))

    async def submit_permit(self, signed: SignedPermit) -> TxResult:
        """Puts a signed permit into force. By anyone: the spender as a rule."""
        permit, signature = signed.permit, signed.signature
        if not isinstance(signature, bytes) or len(signature) != 65:
            raise ValidationError("signature", signature, "65 bytes: r, s and v")
        r, s, v = signature[:32], signature[32:64], signature[64]
        return await self._send("permit", permit.owner, permit.spender, permit.lots, permit.deadline, v, r, s)

    async def _send(self, function: str, *arguments: Any) -> TxResult:
        data = self.contract.interface.encode(function, *arguments)
        receipt = await self.sender.execute(self.address, data)
        return TxResult(tx_hash_of(receipt), receipt.block_number, receipt.gas_used, Decimal(0))


def _address(address: str, field: str) -> str:
    return checksum_address(address_bytes(address, field=field))


def _lots(lots: int) -> int:
    return size_to_lots(lots, 1, field="lots")


def _word(value: int) -> bytes:
    return value.to_bytes(32)
