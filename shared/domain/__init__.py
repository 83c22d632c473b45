"""The words of the studio: blueprints, plans, jobs, artifacts, errors. Pure: no input, no output, no vendor."""
