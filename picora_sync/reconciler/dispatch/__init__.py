"""From the backlog to the executor: what may be sent now, by health, quota and bandwidth."""
