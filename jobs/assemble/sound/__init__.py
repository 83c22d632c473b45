"""What is heard: blocks planned, mixed, measured and encoded."""
