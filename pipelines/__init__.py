"""Jobs composed from the rooms of `monitor`: the line itself, replays, training, schedules."""
