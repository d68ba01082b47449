"""What the claims in the README rest on; each module runs by itself."""
