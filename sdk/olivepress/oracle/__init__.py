"""The index oracle: signed reports and the client of the contract."""

from olivepress.oracle.client import Feed, IndexPoint, IndexValue, OracleClient, Window
from olivepress.oracle.codec import (
    OracleDomain,
    Report,
    SignedReport,
    lower_median,
    pack_update,
    recover_operator,
    report_digest,
    sign_report,
    sort_operators,
    update_calldata,
)

__all__ = [
    "Feed",
    "IndexPoint",
    "IndexValue",
    "OracleClient",
    "OracleDomain",
    "Report",
    "SignedReport",
    "Window",
    "lower_median",
    "pack_update",
    "recover_operator",
    "report_digest",
    "sign_report",
    "sort_operators",
    "update_calldata",
]
