"""Configuration files of operator and relay: what is refused, in which words; keys are never shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_account import Account

from olivepress.errors import ConfigurationError
from olivepress.oracle.settings import KeySource, Listen, Settings, read_settings
from olivepress.signer import LocalSigner

KEY = (4711).to_bytes(32).hex()
ADDRESS = LocalSigner(KEY).address


class Part(Settings):
    size: int = 1
    colour: str = ""


class Example(Settings):
    key: KeySource
    rpc: str = "http://node"
    part: tuple[Part, ...] = ()
    listen: Listen = "127.0.0.1:1"


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_a_key_from_the_environment_a_file_or_a_keystore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORACLE_KEY", "0x" + KEY)
    monkeypatch.setenv("SECRET", "pass")
    private(tmp_path / "key", KEY + "\n")
    private(tmp_path / "word", "pass\n")
    (tmp_path / "store.json").write_text(json.dumps(Account.encrypt(KEY, "pass", iterations=2)))
    for source in (
        KeySource(env="ORACLE_KEY"),
        KeySource(file=Path("key")),
        KeySource(keystore=Path("store.json"), password_env="SECRET"),
        KeySource(keystore=Path("store.json"), password_file=Path("word")),
    ):
        assert source.load(tmp_path).address == ADDRESS


def test_a_key_that_cannot_be_had_is_named_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OLIVEPRESS_KEYSTORE_PASSWORD", raising=False)
    monkeypatch.setenv("SHORT", KEY[:-2])
    private(tmp_path / "empty", "")
    private(tmp_path / "open", KEY).chmod(0o644)
    (tmp_path / "store.json").write_text(json.dumps(Account.encrypt(KEY, "pass", iterations=2)))
    private(tmp_path / "wrong", "word")
    for source, message in (
        (KeySource(env="NOT_SET"), "environment variable NOT_SET: no key"),
        (KeySource(env="SHORT"), "environment variable SHORT: not a private key"),
        (KeySource(file=Path("missing")), "missing: No such file"),
        (KeySource(file=Path("empty")), "key file empty: no key"),
        (KeySource(file=Path("open")), "open can be read by others; run: chmod 600"),
        (KeySource(keystore=Path("store.json")), "set OLIVEPRESS_KEYSTORE_PASSWORD"),
        (KeySource(keystore=Path("store.json"), password_file=Path("wrong")), "wrong password"),
    ):
        with pytest.raises(ConfigurationError, match=message) as refused:
            source.load(tmp_path)
        assert KEY[:20] not in str(refused.value)


def test_a_file_that_does_not_fit_names_the_field(tmp_path: Path) -> None:
    path = tmp_path / "example.toml"
    for text, message in {
        "key = ": "example.toml: not TOML",
        "": "example.toml: key: Field required",
        "[key]": "key: Value error, exactly one of keystore, env and file",
        "[key]\nenv = 'A'\nfile = 'b'": "exactly one of keystore, env and file",
        f"[key]\nprivate = '{KEY}'": r"key.private: no setting; allowed: keystore, password_env",
        f"private_key = '{KEY}'\n[key]\nenv = 'A'": r"private_key: no setting; allowed: key, rpc",
        f"[keys]\nfile = '{KEY}'\n[key]\nenv = 'A'": r"keys: no setting; allowed: key, rpc",
        "[key]\nenv = 'A'\n[[part]]\n[[part]]\nsise = 2": r"part.1.sise: no setting; allowed: size, colour",
        "listen = 'a:65536'\n[key]\nenv = 'A'": "listen is 'a:65536'.*a port up to 65535",
        "listen = '1.2.3.4'\n[key]\nenv = 'A'": "listen is '1.2.3.4': String should match pattern",
    }.items():
        path.write_text(text)
        with pytest.raises(ConfigurationError, match=message) as refused:
            read_settings(path, Example)
        assert KEY[:20] not in str(refused.value)
    path.write_text("listen = '[::1]:80'\n[key]\nenv = 'A'")
    assert read_settings(path, Example).listen == "[::1]:80"
