"""One module per command, or per few that belong together; imported when the command is called."""
