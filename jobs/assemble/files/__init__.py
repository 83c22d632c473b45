"""Containers and byte streams: read, taken apart, and joined into the one MP4."""
