"""Plans as they really come: spreadsheets, CSV, and the estimates that other tools leave, made into a budget file."""
