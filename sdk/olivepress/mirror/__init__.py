"""The exchange rebuilt from its logs: books, positions, money, trades.

    mirror = Mirror()
    async for item in EventStream(transport, deployment):
        mirror.apply(item)
"""
