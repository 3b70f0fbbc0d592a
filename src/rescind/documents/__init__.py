"""What people write: YAML with positions and bounds, fixtures, record schemas."""
