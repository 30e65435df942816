"""Charts of what experiments have found that more than one lesson shows."""
