"""What ties the daemon to a service manager: its units, its commands, and how it is told that all is well."""
