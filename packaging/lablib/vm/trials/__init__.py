"""What the machine is put through. A trial takes a Site, says in lines what was seen, and raises TrialError
for what must not be. The table is in table.py.
"""

from lablib.vm import VmError


class TrialError(VmError):
    """The box did not do what it has to; the text says what was seen instead."""
