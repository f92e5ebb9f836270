"""The commands; the only place that prints or exits."""


def main() -> None:
    """Entry point of ``picora-sync``."""
