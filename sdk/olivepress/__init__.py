"""Cash-settled, expiring futures on the price of AI compute: the client of the olivepress exchange."""
