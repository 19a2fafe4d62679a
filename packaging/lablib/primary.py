"""The primary: NSD, or Knot where NSD is missing. It serves the signed root zone in imrs-primary and
gives transfers to the appliance's management addresses only, with TSIG, and NOTIFY to one of them. It checks
no signature: a broken version is served like a good one.
"""

import os
import shutil
import signal
from pathlib import Path

from lablib import topology as net
from lablib.netns import in_namespace
from lablib.processes import Service, wait_until

NSD = '''server:
  ip-address: {ipv4}
  ip-address: {ipv6}
  zonesdir: "{folder}"
  zonelistfile: "{folder}/nsd.zonelist"
  xfrdfile: "{folder}/nsd.xfrd"
  xfrdir: "{folder}"
  pidfile: "{folder}/nsd.self"
  database: ""
  username: ""
  server-count: 1
  identity: "lab-primary"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
key:
  name: "{key}"
  algorithm: {algorithm}
  secret: "{secret}"
zone:
  name: "."
  zonefile: "root.zone"
  provide-xfr: {management4} {key}
  provide-xfr: {management6} {key}
  notify: {management4} {key}
  notify-retry: 1
'''

KNOT = '''server:
    listen: [ {ipv4}, {ipv6} ]
    rundir: {folder}
    pidfile: {folder}/knot.self
    identity: lab-primary
log:
  - target: stderr
    any: info
database:
    storage: {folder}/knot
key:
  - id: {key}
    algorithm: {algorithm}
    secret: {secret}
remote:
  - id: appliance
    address: {management4}
    key: {key}
acl:
  - id: appliance
    address: [ {management4}, {management6} ]
    key: {key}
    action: transfer
zone:
  - domain: .
    storage: {folder}
    file: root.zone
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
    acl: appliance
    notify: appliance
'''


class Primary:
    def __init__(self, folder: Path, owner: Path) -> None:
        self.folder = folder
        self.service = Service('primary', folder, net.PRIMARY, owner)
        self._zone = folder / 'root.zone'

    def ensure(self, zone: Path, serial: int) -> bool:
        """Running, and serving this zone; True if something had to be done."""
        if self.service.fit() and self.serial() == serial:
            return False
        if self.service.fit() and self.serial() is not None:
            self.serve(zone, serial)
            return True
        self.service.stop(signal.SIGKILL)
        self._install(zone)
        self.service.start(self._command())
        self._wait_for(serial)
        return True

    def serve(self, zone: Path, serial: int) -> None:
        """Replaces the zone; returns when the new serial is served."""
        self._install(zone)
        self.service.send(signal.SIGHUP)
        self._wait_for(serial)

    def serial(self) -> int | None:
        """What it serves now; None when it does not answer."""
        import dns.exception
        import dns.message
        import dns.query
        import dns.rdatatype
        query = dns.message.make_query('.', 'SOA')
        try:
            reply = in_namespace(net.PRIMARY, lambda: dns.query.udp(query, net.PRIMARY4, timeout=.5))
            return reply.answer[0][0].serial if reply.answer else None
        except (OSError, dns.exception.DNSException):
            return None

    def _wait_for(self, serial: int) -> None:
        wait_until(lambda: self.serial() == serial or self.service.process() is None, 10)
        if self.serial() != serial:
            raise RuntimeError(f'the primary does not serve serial {serial}; its log says:\n'
                               + self.service.log_tail())

    def _install(self, zone: Path) -> None:
        fresh = self._zone.with_suffix('.new')
        shutil.copyfile(zone, fresh)
        os.replace(fresh, self._zone)

    def _command(self) -> list[str]:
        places = {'folder': self.folder, 'ipv4': net.PRIMARY4, 'ipv6': net.PRIMARY6,
                  'management4': net.MANAGEMENT4, 'management6': net.MANAGEMENT6,
                  'key': net.TSIG_KEY, 'algorithm': net.TSIG_ALGORITHM, 'secret': net.TSIG_SECRET}
        if shutil.which('nsd'):
            return ['nsd', '-d', '-c', self._write_config('nsd.conf', NSD.format(**places))]
        (self.folder / 'knot').mkdir(exist_ok=True)
        return ['knotd', '-c', self._write_config('knot.conf', KNOT.format(**places))]

    def _write_config(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        return str(self.folder / name)
