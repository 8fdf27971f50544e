"""Index values: quotes in, a value and its audit trail out.

load, names, load_file      methodologies: the shipped ones by name, or your own TOML file
LlmBlend, ProviderMedian,
Basket, AnyMethodology      the kinds of methodology
compute                     quotes to an AuditRecord
AuditRecord, load_record    the audit trail of one value; saves to JSON
explain                     recompute a record and tell it as a table
olivepress.index.history    values of past days from the recorded table
IndexLayerError > MethodologyError, AuditError, HistoryError
"""

from olivepress.index.audit import AuditRecord, load_record
from olivepress.index.compute import compute
from olivepress.index.errors import AuditError, HistoryError, IndexLayerError, MethodologyError
from olivepress.index.explain import Explanation, explain
from olivepress.index.methodology import (
    AnyMethodology,
    Basket,
    LlmBlend,
    ProviderMedian,
    load,
    load_file,
    names,
)

__all__ = [
    "AnyMethodology",
    "AuditError",
    "AuditRecord",
    "Basket",
    "Explanation",
    "HistoryError",
    "IndexLayerError",
    "LlmBlend",
    "MethodologyError",
    "ProviderMedian",
    "compute",
    "explain",
    "load",
    "load_file",
    "load_record",
    "names",
]
