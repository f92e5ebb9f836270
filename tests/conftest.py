"""CI asks the same questions each time, and gives a slow machine time to answer; `make fuzz` asks new ones."""

import os

from hypothesis import settings

settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("patient", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "patient")
