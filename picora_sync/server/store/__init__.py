"""Rows, bytes, ids and time."""
