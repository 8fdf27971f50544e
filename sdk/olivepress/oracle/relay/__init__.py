"""The relay: collects signed reports and puts every round with a quorum on the chain. docs/spec/oracle.md."""

from olivepress.oracle.relay.relay import Relay
from olivepress.oracle.relay.server import open_relay, serve
from olivepress.oracle.relay.settings import RelaySettings

__all__ = ["Relay", "RelaySettings", "open_relay", "serve"]
