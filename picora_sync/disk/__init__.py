"""The folder on disk: what is there (scanning, looking), its bytes (stable reading), and hints that it changed."""
