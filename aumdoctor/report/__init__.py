"""What the doctor says, shown: one projection of an examination, and one renderer a file that reads it."""
