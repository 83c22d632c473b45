"""The main job, shown: a chapter of text becomes a narrated, translated, captioned video."""
