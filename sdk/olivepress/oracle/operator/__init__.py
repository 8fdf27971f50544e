"""The operator of an index oracle: from sources to signed reports at the relays. See docs/operators.md.

Operator, FeedRule         poll and step: sources -> values -> audit records -> reports; knows no network
Schedule, Trigger, due     when a feed is reported
Panel, PacedSource         the sources, each with its deadline and pace
MemoryReports, FileReports what was signed, written down before it is signed
QuoteMemory                quotes that a methodology carries
olivepress.oracle.operator.app        `olivepress oracle run`: all of it from a configuration file
"""

from olivepress.oracle.operator.journal import Entry, FileReports, MemoryReports
from olivepress.oracle.operator.memory import QuoteMemory
from olivepress.oracle.operator.panel import PacedSource, Panel
from olivepress.oracle.operator.schedule import Schedule, Trigger, due
from olivepress.oracle.operator.step import AuditFolder, FeedRule, Finding, Operator, SaveAudit, Step

__all__ = [
    "AuditFolder",
    "Entry",
    "FeedRule",
    "FileReports",
    "Finding",
    "MemoryReports",
    "Operator",
    "PacedSource",
    "Panel",
    "QuoteMemory",
    "SaveAudit",
    "Schedule",
    "Step",
    "Trigger",
    "due",
]
