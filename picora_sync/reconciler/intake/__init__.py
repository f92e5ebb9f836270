"""What changed on disk, found and looked at: scans, inspection, and the texts that are derived from notes."""
