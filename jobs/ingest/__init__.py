"""The ingest job: uploads of sound and film, brought to the form that everything else works with."""
