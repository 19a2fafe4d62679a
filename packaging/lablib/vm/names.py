"""Names and numbers of the VM's site.

      imrsvm-primary            imrsvm-machine            imrsvm-host
      NSD, Prometheus  p0 ===== mgmt0  QEMU  host0 ====== h0  BIRD, AS 64500
      root zone        a tap     AS 20144        a tap        the client is an address on lo

The addresses are the lab's (topology.py); the namespaces are its own, so that both can be up at once. A tap
lies in the namespace of the one side, its descriptor is QEMU's, which itself runs where there is no network.
"""

from pathlib import Path

from lablib import topology as net

DEFAULT_DIRECTORY = Path('/run/imrs-vm')
PREFIX = 'imrsvm-'

SERVICE_NIC, MANAGEMENT_NIC = 'host0', 'mgmt0'               # in the guest
SERVICE_MAC, MANAGEMENT_MAC = '52:54:00:12:34:01', '52:54:00:12:34:02'

# Namespace, tap, addresses.
TAPS = (('host', 'h0', (f'{net.HOST_LINK4}/30', f'{net.HOST_LINK6}/64')),
        ('primary', 'p0', (f'{net.PRIMARY4}/24', f'{net.PRIMARY6}/64')))


def adopt() -> None:
    """All of lablib means the VM's namespaces from now on, in this process."""
    net.PRIMARY, net.APPLIANCE, net.HOST = PREFIX + 'primary', PREFIX + 'machine', PREFIX + 'host'
    net.NAMESPACES = (net.PRIMARY, net.APPLIANCE, net.HOST)
