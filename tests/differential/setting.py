"""Where and when every life plays, and who is in it."""

from __future__ import annotations

DAY = 86_400
FIRST_DAY = 20_780  # 2026-11-23
MAX_LAG = 3_600
CHAIN_ID = 31337


def person(number: int) -> str:
    return f"0x{0xA0000000 + number:040x}"


NOBODY = "0x" + "00" * 20
DEPLOYER = "0x" + "d0" * 20
TRADERS = [person(n) for n in range(1, 9)]
AGENTS = [person(n) for n in range(21, 25)]
STRANGERS = [person(n) for n in range(41, 46)]
GUARDIAN, ARBITER = person(61), person(62)
EVERYBODY = [*TRADERS, *AGENTS, *STRANGERS, GUARDIAN, ARBITER, DEPLOYER]
