"""The world, one folder a port, one file a vendor. Only `shared.wiring` and a job's own `wiring` may import from here."""
