"""The known issues of the control plane, one a file, and the engine that looks for them. No I/O, no clock."""
