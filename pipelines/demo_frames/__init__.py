"""The hand-written sentence frames of the demo scenario, and what turns them into headlines."""
