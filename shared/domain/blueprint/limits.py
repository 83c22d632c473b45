"""The most that one production may ask for."""

MAX_SECONDS = 12 * 3600
MAX_ITEMS = 20_000
MAX_CUES = 100_000  # of one language
MAX_FRAMES_PER_SECOND = 120
