"""Faults made on purpose, each with what the host router and the clients may see of it: `packaging/lab drill`."""
