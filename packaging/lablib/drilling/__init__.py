"""`packaging/lab drill`: faults made on purpose, each with what host router and clients may see of it."""
