"""Following somebody's log from outside: a memory of its own, evidence files, and no trust in what is served.

It imports nothing of the platform beyond the pure format and proof modules; who speaks to a network does so elsewhere.
"""
