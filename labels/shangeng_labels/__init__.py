"""Printed labels: unit codes, runs against what was packed, QR symbols and sheets."""
