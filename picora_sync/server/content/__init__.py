"""Pure work on what was uploaded: no rows, no requests."""
