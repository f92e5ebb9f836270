"""From the index to the planner and back: the plan is applied, or only shown as a dry run."""
