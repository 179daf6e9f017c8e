"""What aumdoctor costs: `python -m benchmarks.run` measures it and prints the tables of docs/performance.md."""
