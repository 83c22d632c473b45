"""The library: what the doors and the jobs are made of. Imports run one way; `make check` holds it."""
