"""Rescind: a sandbox that gives every documented answer of a vendor's order-deletion API, on demand."""

__version__ = "0.1.0"
