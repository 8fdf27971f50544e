"""The `olivepress` command. A face of the package: it imports the rest, nothing imports it.

Exit codes, for scripts:

    0    done
    1    a bug: please report it with the message
    2    wrong usage, a value that is refused before anything is sent, a wrong manifest or setting
    3    no connection to the node, lost connection, or the node refused the request
    4    the chain refused: the contract's error is named with its values
    5    sent, but the outcome is not known (no receipt in time, or the connection broke while sending)
    130  interrupted

Commands that print data take --json: one JSON document on stdout, money and prices as decimal text. With
--json an error is one JSON document on stderr.
"""

from olivepress.cli.main import app

__all__ = ["app"]
