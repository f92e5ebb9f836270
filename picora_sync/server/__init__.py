"""The embedded Picora: a small server that keeps the public Picora contract.

It is an independent tower: it imports nothing else of picora_sync and shares no code with the client, so that the two
can disagree in a test. Read it from the outside in:

    process   starts, announces and ends the server (granian)
    lingering ends connections that make no progress
    check     verifies everything stored
    app       composes the WSGI application (Falcon)
    api       one module per group of endpoints: request in, reply out
    library   what an account holds: rows and bytes kept together
    content   pure work on what was uploaded: frontmatter, images, audio
    web       what every endpoint shares: envelope, access, bodies, ranges
    store     rows (SQLAlchemy Core), bytes (obstore), ids, time, counts
"""
