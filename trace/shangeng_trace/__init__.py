"""The ledger and what is traced: signing, entries, the Merkle log, members, plots, products, batches, events."""
