"""picora-sync: keeps local folders mirrored, one way, to Picora."""
