"""The export job: narrated chapters, made into finished audiobooks and read-along books."""
