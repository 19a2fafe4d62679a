"""Names, addresses and numbers of the lab: what is where.

      imrs-primary           imrs-appliance              imrs-host
      NSD or Knot   p0 -- a1  BIRD, imrs-*  a0 ======= h0  BIRD, AS 64500
      root zone      AXFR     AS 20144         eBGP       the client is an address on lo

No namespace has a link or a route to anything else. All addresses but the service's own are from the
documentation ranges (RFC 5737, RFC 3849).
"""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_DIRECTORY = Path('/run/imrs-lab')
DEFAULT_BUILD = REPOSITORY / 'build' / 'release'

PRIMARY, APPLIANCE, HOST = 'imrs-primary', 'imrs-appliance', 'imrs-host'
NAMESPACES = (PRIMARY, APPLIANCE, HOST)

LOCAL_AS, HOST_AS = 20144, 64500
MD5_PASSWORD = 'lab-md5-password'
TSIG_KEY, TSIG_ALGORITHM = 'imrs-lab.', 'hmac-sha256'
SOURCE_KEY = '000102030405060708090a0b0c0d0e0f'
TSIG_SECRET = 'bGFiIHNlY3JldCBvZiAzMiBvY3RldHMgZm9yIFRTSUc='

SERVICE_ADDRESSES = ('199.7.83.42', '2001:500:9f::42', '2001:500:3::42')
PREFIXES_V4 = ('199.7.82.0/23', '199.7.83.0/24')
PREFIXES_V6 = ('2001:500:3::/48', '2001:500:9e::/47', '2001:500:9f::/48')
PREFIXES = frozenset(PREFIXES_V4 + PREFIXES_V6)

APPLIANCE_LINK4, HOST_LINK4 = '192.0.2.1', '192.0.2.2'
APPLIANCE_LINK6, HOST_LINK6 = '2001:db8:0:1::1', '2001:db8:0:1::2'
MANAGEMENT4, PRIMARY4 = '198.51.100.1', '198.51.100.2'
MANAGEMENT6, PRIMARY6 = '2001:db8:0:2::1', '2001:db8:0:2::2'
CLIENT4, CLIENT6 = '203.0.113.53', '2001:db8:0:53::53'

# Interface -> namespace and addresses; the two pairs are PAIRS.
INTERFACES = {
    'a0': (APPLIANCE, (f'{APPLIANCE_LINK4}/30', f'{APPLIANCE_LINK6}/64')),
    'h0': (HOST, (f'{HOST_LINK4}/30', f'{HOST_LINK6}/64')),
    'a1': (APPLIANCE, (f'{MANAGEMENT4}/24', f'{MANAGEMENT6}/64')),
    'p0': (PRIMARY, (f'{PRIMARY4}/24', f'{PRIMARY6}/64')),
}
PAIRS = (('a0', 'h0'), ('a1', 'p0'))

NOC_PORT, OPS_PORT = 8080, 9053
NOC_PAGE = f'http://{APPLIANCE_LINK4}:{NOC_PORT}/'
NOC_PAGE_V6 = f'http://[{APPLIANCE_LINK6}]:{NOC_PORT}/'
OPS_PAGE = f'http://127.0.0.1:{OPS_PORT}/'                  # on the appliance itself
METRICS_PAGE = OPS_PAGE + 'metrics'
SECURE_OPS_PAGE = f'https://{MANAGEMENT4}:{OPS_PORT}/'      # with a client certificate

# User and group ids; no passwd entries are needed.
UIDS = {'agent': 64001, 'launcher': 64002, 'engine': 64003, 'zone': 64004, 'web': 64005, 'bird': 64006,
        'audit': 64007}
