"""What a finished job means for the index: success, failure, and the counts."""
