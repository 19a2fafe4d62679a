"""A root zone with few TLDs, out of one with all. Emulated processors take 20 s to audit the answers of the
whole zone, which would be most of a boot; what is tried here does not depend on how many there are.
"""

import hashlib

WANTED = 120


def small_zone(lines: list[str], wanted: int = WANTED) -> list[str]:
    """Of a whole zone's records, a text line each, the apex and the delegations of about so many TLDs: chosen
    by their hashes, and those in which the name servers of chosen ones are."""
    servers: dict[str, set[str]] = {}
    for owner, _, _, kind, data in (line.split(None, 4) for line in lines):
        if kind == 'NS':
            servers.setdefault(_tld(owner), set()).add(_tld(data))
    apex = servers.pop('', set())
    chosen = set(sorted(servers, key=lambda tld: hashlib.sha256(tld.encode()).digest())[:wanted])
    kept, fresh = set(), chosen | apex
    while fresh:
        kept |= fresh
        fresh = set().union(*(servers.get(tld, set()) for tld in fresh)) - kept
    return [line for line in lines if _tld(line.split(None, 1)[0]) in kept | {''}]


def _tld(name: str) -> str:
    """Empty for the root."""
    return name.lower().rstrip('.').rpartition('.')[2]
