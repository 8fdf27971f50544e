"""Configuration files of operator and relay: TOML, checked by pydantic; and where a key comes from."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator
from pydantic import ValidationError as PydanticError

from olivepress.errors import ConfigurationError, ValidationError
from olivepress.signer import LocalSigner

PASSWORD = "OLIVEPRESS_KEYSTORE_PASSWORD"


def _port(listen: str) -> str:
    if int(listen.rpartition(":")[2]) > 65_535:
        raise ValueError("allowed is a port up to 65535")
    return listen


Listen = Annotated[
    str,
    StringConstraints(pattern=r"^(\[[0-9a-fA-F:]+\]|[^:\s]+):[0-9]{1,5}$"),
    AfterValidator(_port),
]
"""`host:port`; port 0 takes a free one."""


class Settings(BaseModel):
    """Base of every table of a configuration file: unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class KeySource(Settings):
    """Where a private key comes from: exactly one of the three.

    :param keystore: encrypted file (web3 secret storage); its password is in the environment variable
        `password_env`, or in the first line of `password_file`
    :param env: name of an environment variable that holds the key, 64 hex digits
    :param file: a file that holds the key, 64 hex digits, readable by nobody but its owner
    """

    keystore: Path | None = None
    password_env: str = PASSWORD
    password_file: Path | None = None
    env: str | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.keystore, self.env, self.file)) != 1:
            raise ValueError("exactly one of keystore, env and file")
        return self

    def load(self, folder: Path) -> LocalSigner:
        """The signer; paths are relative to `folder`. ConfigurationError never shows what was read."""
        if self.keystore is not None:
            return LocalSigner.from_keystore(folder / self.keystore, self._password(folder))
        if self.file is not None:
            key, place = _secret(folder / self.file), f"key file {self.file}"
        else:
            key, place = os.environ.get(self.env or "", ""), f"environment variable {self.env}"
        if not key:
            raise ConfigurationError(f"{place}: no key in it")
        try:
            return LocalSigner(key)
        except ValidationError:
            raise ConfigurationError(f"{place}: not a private key of 64 hex digits") from None

    def _password(self, folder: Path) -> str:
        if self.password_file is not None:
            return _secret(folder / self.password_file)
        password = os.environ.get(self.password_env)
        if password is None:
            raise ConfigurationError(
                f"no password for keystore {self.keystore}: set {self.password_env}, or name a password_file"
            )
        return password


def _secret(path: Path) -> str:
    """First line of a file that only its owner may read."""
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(f"{path} can be read by others; run: chmod 600 {path}")
        return (path.read_text().splitlines() or [""])[0].strip()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: not a text file") from None


S = TypeVar("S", bound=BaseModel)


def read_settings(path: Path, model: type[S]) -> S:
    """Reads a TOML file. ConfigurationError names the file, the field, the value and what is allowed."""
    try:
        content = tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: not TOML: {error}") from None
    try:
        return model.model_validate(content)
    except PydanticError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "file"
        if first["type"] == "extra_forbidden":
            # Its value is not shown: a key that stands in the wrong place is one too.
            allowed = ", ".join(_names(model, first["loc"][:-1]))
            raise ConfigurationError(f"{path}: {field}: no setting; allowed: {allowed}") from None
        # What stands in a [key] table by mistake may be the key itself.
        hidden = first["type"] == "missing" or field == "file" or "key" in first["loc"]
        shown = "" if hidden else f" is {first['input']!r}"
        raise ConfigurationError(f"{path}: {field}{shown}: {first['msg']}") from None


def _names(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """The settings of the table at a place in the file."""
    for part in place:
        if isinstance(part, str):
            kind: Any = model.model_fields[part].annotation
            model = next(one for one in (*get_args(kind), kind) if issubclass(one, BaseModel))
    return list(model.model_fields)
