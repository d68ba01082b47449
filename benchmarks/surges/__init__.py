"""A benchmark of detectors of surges in negative news: simulated series, known events, and falls of prices."""
