"""What keeps a render in hand: children under limits, progress, logs, retries, stopping."""
