"""Options that several commands take."""

from __future__ import annotations

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
wide_option = click.option("--wide", is_flag=True, help="One line for each row, however narrow the terminal is.")
