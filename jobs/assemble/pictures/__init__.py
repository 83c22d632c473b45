"""What is seen: scenes, shots, the graphs that draw them, and their way back from the store."""
