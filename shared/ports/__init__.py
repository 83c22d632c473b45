"""What the services need of the world, as protocols. One file a port; the adapter that fills it has the same file name's folder."""
