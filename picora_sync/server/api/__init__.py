"""The endpoints: a request in, a reply out."""
