"""How the model refuses: with the exceptions that stand for the contracts' errors."""

from __future__ import annotations

from typing import NoReturn

from olivepress.reverts.base import ContractError

_UNDERSCORED = {"now": "now_", "long": "long_"}
_known: dict[type[ContractError], tuple[str, ...]] = {}


def solidity_names(error: type[ContractError]) -> tuple[str, ...]:
    """Names of an error's values as Solidity has them: im_equity -> imEquity."""
    if error in _known:
        return _known[error]
    names = []
    for name in error.__annotations__:
        first, *others = name.split("_")
        names.append(_UNDERSCORED.get(name) or first + "".join(word.capitalize() for word in others))
    return _known.setdefault(error, tuple(names))


def refuse(error: type[ContractError], *values: object) -> NoReturn:
    """Raises the exception of a Solidity error with its values, in their order."""
    raise error(b"", dict(zip(solidity_names(error), values, strict=True)))
