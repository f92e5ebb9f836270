"""The Picora client: one call is paced, sent, translated into data or one of our errors, and repeated if that is safe.

client (which calls) → retry (how often) → exchange (one HTTP exchange, paced) → failures, wire (what came back).
"""
