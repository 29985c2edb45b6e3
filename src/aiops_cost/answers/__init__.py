"""What a command has to say: one file per question, data in, `Report` out. Formats come after, in `reports`."""
