"""What a visitor may choose."""
