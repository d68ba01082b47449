"""From surges to notifications."""
