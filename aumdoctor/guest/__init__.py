"""Inside the machine: readers of its artefacts, and the known issues that only they can show."""
