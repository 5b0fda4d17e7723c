"""The witness's edge to the network: C2SP tlog-witness over HTTP, and one page for people.

It serves a `shangeng_trace.witness.witness.Witness` and nothing of the platform.
"""
