"""What the doctor knows about: frozen typed values, no I/O, no judgement."""
