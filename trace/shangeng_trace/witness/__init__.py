"""A witness: cosigns a log's checkpoints as long as each continues the one before (C2SP tlog-witness v1.0.0).

It has its own key and its own database, and knows nothing of the platform whose log it watches: of this package's
neighbours it imports the pure log formats only. `rules` decides, `store` remembers, `witness` does both and signs.
"""
