"""Use cases, one a module, named by a verb. They know domain and ports, never an adapter."""
