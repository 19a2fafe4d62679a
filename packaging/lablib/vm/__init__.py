"""A virtual machine that plays the appliance: a Debian 12 with the package, booted by QEMU. Used by
packaging/vm and tests/e2e/test_vm.py; names.py says what is where.
"""


class VmError(Exception):
    """What could not be done, or was not as it has to be; and what the operator can do."""
