"""Whether an object may go: the grace period and the guard, files that only moved, and objects without a file."""
