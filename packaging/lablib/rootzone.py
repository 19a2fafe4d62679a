"""Writes an unsigned root zone that looks like the real one, without downloading it.

The TLDs come from Debian's publicsuffix, the root servers from dns-root-data. Everything else (name
servers, addresses, DS) is made from hashes of the TLD's name, so that the same serial always gives the
same text. No address in it belongs to anybody: 198.18.0.0/15 (RFC 2544) and 2001:db8::/32 (RFC 3849).
"""

import hashlib
from pathlib import Path

SUFFIXES = Path('/usr/share/publicsuffix/public_suffix_list.dat')
HINTS = Path('/usr/share/dns/root.hints')
NOT_DELEGATED = {'onion'}          # RFC 7686: on the list, never in the root
SIGNED_PERCENT = 93                # TLDs that have a DS
OPERATORS = 60                     # TLDs whose name servers also serve others

TTL_APEX, TTL_SOA, TTL_DS, TTL_DELEGATION = 518400, 86400, 86400, 172800


def top_level_domains(path: Path = SUFFIXES) -> list[str]:
    """All TLDs of the list's ICANN section as A-labels, sorted."""
    found = set()
    for line in path.read_text(encoding='utf-8').splitlines():
        if 'END ICANN DOMAINS' in line:
            break
        rule = line.split('//')[0].strip().lstrip('!')
        if rule.startswith('*.') and rule.count('.') == 1:   # "*.ck": the TLD itself has no line
            rule = rule[2:]
        if rule and '.' not in rule:
            found.add(_a_label(rule))
    return sorted(found - NOT_DELEGATED)


def _a_label(label: str) -> str:
    return label if label.isascii() else 'xn--' + label.encode('punycode').decode('ascii')


def _number(*parts: str | int) -> int:
    """A number that depends on the parts only."""
    return int.from_bytes(hashlib.sha256('/'.join(map(str, parts)).encode()).digest()[:8], 'big')


def _glue(host: str) -> list[str]:
    number = _number('address', host)
    ipv4 = f'198.{18 + (number >> 16 & 1)}.{number >> 8 & 255}.{number & 255}'
    ipv6 = f'2001:db8:{number >> 16 & 0xffff:x}:{number >> 32 & 0xffff:x}::53'
    lines = [f'{host} {TTL_DELEGATION} IN A {ipv4}']
    if number % 20:                                          # one host in 20 has no IPv6
        lines.append(f'{host} {TTL_DELEGATION} IN AAAA {ipv6}')
    return lines


def _name_servers(tld: str, operators: list[str]) -> list[str]:
    """2 to 6 host names: the TLD's own, an operator's under another TLD, or some of both."""
    count = 2 + _number('count', tld) % 5
    kind = _number('kind', tld) % 100
    own = 0 if kind < 35 else count if kind < 90 else count // 2
    operator = operators[_number('operator', tld) % len(operators)]
    return [f'{letter}.nic.{tld}.' if i < own else f'{letter}.ops.{operator}.'
            for i, letter in enumerate('abcdef'[:count])]


def _delegation_signer(tld: str) -> list[str]:
    if _number('signed', tld) % 100 >= SIGNED_PERCENT:
        return []
    digest = hashlib.sha256(f'ksk of {tld}'.encode()).hexdigest().upper()
    algorithm = (8, 13)[_number('algorithm', tld) % 2]
    tag = _number('tag', tld) % 65536
    return [f'{tld}. {TTL_DS} IN DS {tag} {algorithm} 2 {digest}']


def _apex(serial: int) -> list[str]:
    """SOA, NS and the root servers' addresses."""
    lines = [f'. {TTL_SOA} IN SOA a.root-servers.net. nstld.verisign-grs.com. '
             f'{serial} 1800 900 604800 86400']
    for line in HINTS.read_text(encoding='ascii').splitlines():
        fields = line.lower().split()
        if len(fields) == 4 and fields[2] in ('ns', 'a', 'aaaa'):
            owner, _, kind, data = fields
            lines.append(f'{owner} {TTL_APEX} IN {kind.upper()} {data}')
    return lines


def build_root_zone(serial: int) -> list[str]:
    """The zone's records, one text line each: owner, TTL, class, type, rdata."""
    tlds = top_level_domains()
    operators = sorted(tlds, key=lambda tld: _number('rank', tld))[:OPERATORS]
    lines, hosts = _apex(serial), set()
    for tld in tlds:
        servers = _name_servers(tld, operators)
        hosts.update(servers)
        lines += [f'{tld}. {TTL_DELEGATION} IN NS {server}' for server in servers]
        lines += _delegation_signer(tld)
    for host in sorted(hosts):
        lines += _glue(host)
    return lines
