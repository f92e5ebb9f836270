"""Uploads whose outcome is open: unconfirmed ones, late ones, and audio that the index does not know."""
