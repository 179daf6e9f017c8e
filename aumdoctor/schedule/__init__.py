"""Time and scope of patch schedules: pure, with `now` passed in."""
