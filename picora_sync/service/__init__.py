"""What ties the daemon to a service manager. The unit files themselves are in systemd/ and launchd/."""
