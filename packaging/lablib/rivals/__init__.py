"""What operators use today, in the same lab and with the same faults: `packaging/side-by-side`."""
