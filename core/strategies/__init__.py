"""Ways to put a batch together. Each file does one, and a test holds its gradient against the large batch's."""
