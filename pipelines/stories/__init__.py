"""Stories written to be learnt from: each told several times, and others that could be taken for it."""
