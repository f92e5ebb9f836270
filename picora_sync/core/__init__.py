"""The pure core: what the words of the design mean, and every decision.

Nothing below imports a clock, a disk, a thread or a network. Time is an argument.
"""
