"""The index oracle: signed reports and the client of the contract."""

from olivepress.oracle.calls import Feed
from olivepress.oracle.client import IndexValue, OracleClient, Window
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
from olivepress.oracle.past import IndexPoint, Past, RoundStatus, Step

__all__ = [
    "Feed",
    "IndexPoint",
    "IndexValue",
    "OracleClient",
    "OracleDomain",
    "Past",
    "Report",
    "RoundStatus",
    "SignedReport",
    "Step",
    "Window",
    "lower_median",
    "pack_update",
    "recover_operator",
    "report_digest",
    "sign_report",
    "sort_operators",
    "update_calldata",
]
