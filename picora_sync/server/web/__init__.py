"""What every endpoint shares: envelope, access, bodies, queries, ranges."""
