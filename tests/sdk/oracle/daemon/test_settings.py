"""The configuration file: the sample loads, every mistake is named, no key is ever shown."""

from __future__ import annotations

import logging
import tomllib
import traceback
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from olivepress.errors import ConfigurationError, ValidationError
from olivepress.oracle.operator.config import load_config, resolved
from olivepress.signer import LocalSigner

SAMPLE = (resources.files("olivepress.oracle.operator") / "sample.toml").read_text(encoding="utf-8")
SECRET = "ab" * 32


def changed(folder: Path, old: str, new: str) -> Path:
    """The sample with one change."""
    assert old in SAMPLE
    path = folder / "operator.toml"
    path.write_text(SAMPLE.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_sample_loads_and_says_every_setting(tmp_path: Path) -> None:
    path = changed(tmp_path, "manifest", "manifest")
    config = load_config(path)
    assert [rule.symbol for rule in config.rules(tmp_path)] == ["LLM-FLAGSHIP", "GPU-H100-SXM"]
    sources = config.panel(tmp_path).sources
    assert [(one.name, one.deadline_seconds, one.every_seconds) for one in sources] == [
        ("genai-prices", 20, 900),
        ("gpu.csv", 20, 0),
        ("our-feed", 20, 300),
    ]
    written = tomllib.loads(SAMPLE)
    assert set(written) == set(type(config).model_fields)
    # Every default stands in the sample as it is.
    for name, field in type(config).model_fields.items():
        if not field.is_required():
            shown = getattr(config, name)
            assert shown == field.default, name


MISTAKES = [
    ('rpc = "http://127.0.0.1:8545"', "rpc = 5", "rpc is 5: Input should be a valid string"),
    ("audit_days = 400", "audit_days = -1", "audit_days is -1: .* greater than or equal to 0"),
    ("audit_days = 400", "audit_dayz = 400", "audit_dayz: no setting; allowed: manifest, rpc, key"),
    ('listen = "127.0.0.1:9464"', 'listen = "9464"', "listen is '9464'"),
    ("grid_seconds = 60 ", "grid_seconds = 0 ", "schedule.grid_seconds is 0"),
    ("interval_seconds = 900", "interval_seconds = 100", "interval_seconds = 100: allowed are multiples"),
    ('manifest = "olivepress.json"\n', "", "manifest: Field required"),
    ("clock_skew_seconds = 30", "clock_skew_seconds = 9999", "clock_skew_seconds is 9999"),
    ("balances = []", 'balances = ["0x12"]', "balances.0 is '0x12'"),
    ('symbol = "GPU-H100-SXM"', 'symbol = "LLM-FLAGSHIP"', "allowed is each symbol once"),
    ('relays = ["http://127.0.0.1:8700"]', "relays = []", "relays is \\[\\]"),
    ('keystore = "operator.json" ', 'env = "A"\nkeystore = "operator.json" ', "exactly one of keystore"),
    ("[key]", "[kee]", "kee|key: Field required"),
    ("deviation_bps = 100 ", "deviation_bps = 0 ", "feed.0.deviation_bps is 0"),
    ("[schedule]", "[schedule", "not TOML"),
]


@pytest.mark.parametrize(("old", "new", "words"), MISTAKES)
def test_a_mistake_is_named_with_field_and_value(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        load_config(changed(tmp_path, old, new))


LATER = [
    ('type = "csv"', 'type = "cvs"', "source 2"),
    (
        'type = "csv"',
        'type = "csv"\ndeadline_seconds = 60',
        "source 2: deadline_seconds is 60; allowed: less",
    ),
    ('type = "csv"', 'type = "csv"\nevery_seconds = -1', "source 2: every_seconds is -1"),
    ('type = "csv"', 'type = "csv"\ncolour = "red"', "source 2.*colour"),
    ('name = "our-feed"', 'name = "gpu.csv"', "the name gpu.csv is used twice"),
    ('symbol = "GPU-H100-SXM"', 'symbol = "GPU-B900"', "feed GPU-B900: methodology 'GPU-B900'.*not shipped"),
    (
        'symbol = "GPU-H100-SXM"',
        'symbol = "GPU-H100-SXM"\nmethodology = ["LLM-FLAGSHIP"]',
        "methodology is for 'LLM-FLAGSHIP'; allowed: one for GPU-H100-SXM",
    ),
    (
        'symbol = "GPU-H100-SXM"',
        'symbol = "GPU-H100-SXM"\nmethodology = ["next.toml"]',
        "feed GPU-H100-SXM: methodology 'next.toml'",
    ),
]


@pytest.mark.parametrize(("old", "new", "words"), LATER)
def test_so_is_a_mistake_in_a_source_or_a_methodology(tmp_path: Path, old: str, new: str, words: str) -> None:
    config = load_config(changed(tmp_path, old, new))

    def opened() -> None:
        config.panel(tmp_path)
        config.rules(tmp_path)

    with pytest.raises(ConfigurationError, match=words):
        opened()


def test_addresses_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE", "https://node.example/secret")
    assert resolved("rpc", "env:NODE") == "https://node.example/secret"
    assert resolved("rpc", "http://node") == "http://node"
    with pytest.raises(ConfigurationError, match="rpc: environment variable NONE is not set"):
        resolved("rpc", "env:NONE")


def key_table(folder: Path, text: str) -> Any:
    return load_config(changed(folder, 'keystore = "operator.json" ', f"{text} # ")).key


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "operator.key"
    file.write_text(SECRET + "\n")
    for mode in (0o644, 0o640, 0o604, 0o660):
        file.chmod(mode)
        with pytest.raises(ConfigurationError, match="chmod 600") as refused:
            key_table(tmp_path, 'file = "operator.key"').load(tmp_path)
        assert SECRET not in shown(refused.value)
    file.chmod(0o600)
    assert key_table(tmp_path, 'file = "operator.key"').load(tmp_path).address == LocalSigner(SECRET).address


BAD_KEYS = ["", SECRET[:-1], SECRET + "0", "zz" * 32, "ff" * 32, "0x" + SECRET + " x"]


@pytest.mark.parametrize("bad", BAD_KEYS)
@pytest.mark.parametrize("place", ["env", "file"])
def test_no_error_shows_a_key(
    tmp_path: Path, bad: str, place: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("OPERATOR_KEY", bad)
    file = tmp_path / "operator.key"
    file.write_text(bad)
    file.chmod(0o600)
    text = 'env = "OPERATOR_KEY"' if place == "env" else 'file = "operator.key"'
    with pytest.raises(ConfigurationError) as refused:
        key_table(tmp_path, text).load(tmp_path)
    told = shown(refused.value) + caplog.text
    assert bad[:12] not in told or not bad


def test_no_repr_shows_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPERATOR_KEY", SECRET)
    source = key_table(tmp_path, 'env = "OPERATOR_KEY"')
    signer = source.load(tmp_path)
    for thing in (source, signer, load_config(tmp_path / "operator.toml")):
        assert SECRET not in repr(thing) + str(thing)
    with pytest.raises(TypeError, match="not pickled"):
        signer.__reduce__()


def shown(error: BaseException) -> str:
    """All that a traceback could print, with the chain of causes."""
    return "".join(traceback.format_exception(error)) + repr(error)


def test_a_keystore_keeps_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signer = LocalSigner(SECRET)
    file = tmp_path / "operator.json"
    short = "".join(("sec", "ret", "7"))  # so that the source line in the traceback does not show it
    with pytest.raises(ValidationError, match="8 characters or more") as refused_short:
        signer.to_keystore(file, short)
    assert short not in shown(refused_short.value)
    signer.to_keystore(file, "correct horse")
    assert file.stat().st_mode & 0o777 == 0o600
    assert SECRET not in file.read_text()
    with pytest.raises(ConfigurationError, match="File exists"):
        signer.to_keystore(file, "correct horse")
    config = load_config(changed(tmp_path, "manifest", "manifest"))
    monkeypatch.delenv("OLIVEPRESS_KEYSTORE_PASSWORD", raising=False)
    with pytest.raises(ConfigurationError, match="set OLIVEPRESS_KEYSTORE_PASSWORD"):
        config.key.load(tmp_path)
    monkeypatch.setenv("OLIVEPRESS_KEYSTORE_PASSWORD", "wrong horse")
    with pytest.raises(ConfigurationError, match="wrong password") as refused:
        config.key.load(tmp_path)
    assert "wrong horse" not in shown(refused.value)
    monkeypatch.setenv("OLIVEPRESS_KEYSTORE_PASSWORD", "correct horse")
    assert config.key.load(tmp_path).address == signer.address


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "operator.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigurationError):
            load_config(path)
