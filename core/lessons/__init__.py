"""What one lesson alone needs, a folder each: what is drawn (`view.py`) and what is said. No lesson imports another."""
