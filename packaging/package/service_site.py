"""The Debian, the cable and the host's router of packaging/package/in-service."""

import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from lablib.processes import wait_until
from lablib.zonemaker import ZoneMaker

ROOT = Path(__file__).resolve().parents[2]
OURS = {'imrs-agent', 'imrs-launcher', 'imrs-engine', 'imrs-zone', 'imrs-audit', 'imrs-web', 'bird'}
PREFIXES = {'199.7.83.0/24', '199.7.82.0/23', '2001:500:9f::/48', '2001:500:3::/48', '2001:500:9e::/47'}
CONFIGURATION = {
    'instance': {'identity': 'aa01-fr-par.l.dns.icann.org', 'kind': 'single', 'appliance': 'calypso'},
    'management': {'address': '192.0.2.2'},
    'bgp': {'router_id': '192.0.2.2', 'drain_seconds': 2, 'stop_drain_ms': 200, 'neighbours': [
        {'name': 'host4', 'address': '192.0.2.1', 'source': '192.0.2.2', 'as': 64500, 'interface': 'b0',
         'bfd': True, 'gtsm': True},
        {'name': 'host6', 'address': '2001:db8:0:1::1', 'source': '2001:db8:0:1::2', 'as': 64500,
         'interface': 'b0', 'bfd': True, 'gtsm': True}]},
    'zones': [{'origin': '.', 'file': '/etc/imrs/anchors/root.zone',
               'trust_anchors': ['/etc/imrs/anchors/root.ds']}],
    'state_directory': '/var/lib/imrs', 'secrets_file': '/etc/imrs/secrets.json'}
SECRETS = {'bgp_passwords': {'host4': 'of-host4', 'host6': 'of-host6'}}
ROUTER = '''log stderr all;
router id 192.0.2.1;
protocol device { scan time 5; }
protocol kernel k4 { ipv4 { import none; export all; }; }
protocol kernel k6 { ipv6 { import none; export all; }; }
protocol bfd { interface "h0" { interval 100 ms; multiplier 3; }; }
template bgp appliance {
    local as 64500; ttl security on; bfd on; hold time 9; keepalive time 3; graceful restart off;
    connect delay time 1; connect retry time 5; error wait time 1, 5;
}
protocol bgp a4 from appliance {
    neighbor 192.0.2.2 as 20144; source address 192.0.2.1; password "of-host4";
    ipv4 { import all; export none; };
}
protocol bgp a6 from appliance {
    neighbor 2001:db8:0:1::2 as 20144; source address 2001:db8:0:1::1; password "of-host6";
    ipv6 { import all; export none; };
}
'''
# The Debian ($1) with all that the package ($2) needs, and systemd. Needs a way to Debian's packages.
PREPARE = '''
set -e
mount -t proc proc "$1/proc"
cp "$2" "$1/root/first.deb"
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
chroot "$1" apt-get update
chroot "$1" apt-get satisfy -y --no-install-recommends "$(dpkg-deb -f "$2" Depends), systemd-sysv"
dpkg-deb -R "$2" "$1/root/raised"
sed -i 's/^Version: .*/&+1/' "$1/root/raised/DEBIAN/control"
dpkg-deb --root-owner-group -b "$1/root/raised" "$1/root/second.deb"
'''
# In the namespaces of the Debian. The kernel's settings are everybody's: only the network's may be set there.
BOOT = '''
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,ro proc/sys
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do touch dev/$node; mount --bind /dev/$node dev/$node; done
mkdir dev/net dev/pts dev/shm
touch dev/net/tun dev/console
mount --bind /dev/net/tun dev/net/tun
mount --bind "$2" dev/console
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ip link set lo up
exec chroot . env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
'''


class Failed(Exception):
    """Something is not as it has to be; the text says what."""


def run(*argv: str | Path, limit: float = 300, **options) -> str:
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          text=True, timeout=limit, check=False, **options)
    if done.returncode != 0:
        raise Failed(f'{" ".join(map(str, argv))}: exit status {done.returncode}\n{done.stdout[-3000:]}')
    return done.stdout


def look_for(what: str, condition: Callable[[], object], limit: float = 0) -> None:
    if not (wait_until(condition, limit, .05) if limit else condition()):
        raise Failed(f'not so: {what}')
    print(f'  {what}', flush=True)


class Routes:
    """What the host's router has, and each change of it: (time.monotonic(), "+" or "-", prefix)."""

    def __init__(self) -> None:
        self.changes: list[tuple[float, str, str]] = []
        self._monitor = subprocess.Popen(['ip', '-o', 'monitor', 'route'], stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._monitor.stdout:
            words = line.split()
            sign = '-' if words[0] == 'Deleted' else '+'
            prefix = words[1] if sign == '-' else words[0]
            if prefix in PREFIXES:
                self.changes.append((time.monotonic(), sign, prefix))

    @staticmethod
    def now() -> set[str]:
        found = [*json.loads(run('ip', '-j', 'route')), *json.loads(run('ip', '-6', '-j', 'route'))]
        return {route['dst'] for route in found} & PREFIXES

    def gone_after(self, began: float) -> float:
        """Seconds from `began` until none of the five was left for the first time."""
        there = set(PREFIXES)
        for when, sign, prefix in self.changes:
            (there.add if sign == '+' else there.discard)(prefix)
            if when > began and not there:
                return when - began
        raise Failed('the routes have not gone')


def prepare(folder: Path, deb: Path) -> None:
    base = ROOT / 'build/package/debian.tar'
    if not base.exists():
        base.parent.mkdir(parents=True, exist_ok=True)
        run('mmdebstrap', '--quiet', '--format=tar', '--variant=minbase', 'bookworm', f'{base}.new')
        Path(f'{base}.new').rename(base)
    (folder / 'debian').mkdir()
    run('tar', '-x', '-C', folder / 'debian', '-f', base)
    run('unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', PREPARE, 'prepare',
        folder / 'debian', deb)


class Site:
    """A Debian with systemd, the cable, and the host's router."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.debian, self.console = folder, folder / 'debian', folder / 'console'
        self.console.touch()
        self.process = subprocess.Popen(
            ['unshare', '--mount', '--pid', '--uts', '--ipc', '--net', '--cgroup', '--fork', '--kill-child',
             'sh', '-c', BOOT, 'boot', self.debian, self.console], stdout=subprocess.DEVNULL)
        wait_until(lambda: self.pid() is not None, 10)
        self.join()
        wait_until(lambda: 'running' in self.call('is-system-running', '--wait'), 60)

    def configure(self) -> None:
        """As somebody who provisions it before the package is there."""
        zone = ZoneMaker(self.folder / 'zone')
        anchors = self.debian / 'etc/imrs/anchors'
        anchors.mkdir(parents=True)
        shutil.copy(zone.first().file, anchors / 'root.zone')
        shutil.copy(zone.trust_anchor, anchors / 'root.ds')
        self.write('agent.json', CONFIGURATION)
        self.write('secrets.json', SECRETS)

    def write(self, name: str, content: object) -> None:
        file = self.debian / 'etc/imrs' / name
        before = file.stat() if file.exists() else None
        file.write_text(json.dumps(content))
        file.chmod(0o640)
        if before is not None:
            os.chown(file, before.st_uid, before.st_gid)

    def hand_over(self) -> None:
        """To the agent's group, which there is since the package is installed."""
        self.inside('chgrp', 'imrs-agent', '/etc/imrs/agent.json', '/etc/imrs/secrets.json')

    def pid(self) -> int | None:
        """systemd's, seen from here."""
        children = Path(f'/proc/{self.process.pid}/task/{self.process.pid}/children').read_text().split()
        return int(children[0]) if children else None

    def join(self) -> None:
        run('ip', 'link', 'set', 'lo', 'up')
        run('ip', 'link', 'add', 'h0', 'type', 'veth', 'peer', 'name', 'b0', 'netns', str(self.pid()))
        for address in ('192.0.2.1/24', '2001:db8:0:1::1/64'):
            run('ip', 'address', 'add', address, 'dev', 'h0', *(['nodad'] if ':' in address else []))
        run('ip', 'link', 'set', 'h0', 'up')
        run('nsenter', '-t', str(self.pid()), '-n', 'sh', '-ec',
            'ip address add 192.0.2.2/24 dev b0; ip address add 2001:db8:0:1::2/64 dev b0 nodad\n'
            'ip link set b0 up; ip route add default via 192.0.2.1; ip route add default via 2001:db8:0:1::1')
        (self.folder / 'router.conf').write_text(ROUTER)
        subprocess.Popen(['bird', '-f', '-c', self.folder / 'router.conf', '-s', self.folder / 'router.ctl'],
                         stderr=(self.folder / 'router.log').open('w'))

    def inside(self, *argv: str, limit: float = 120) -> str:
        return run('nsenter', '-t', str(self.pid()), '--mount', '--pid', '--uts', '--ipc', '--net',
                   '--cgroup', '--root', '--wd', 'env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
                   'LC_ALL=C', *argv, limit=limit)

    def call(self, *argv: str) -> str:
        """systemctl's words, whatever its exit status."""
        return self.inside('sh', '-c', 'systemctl "$@" 2>&1; :', 'sh', *argv).strip()

    def main_pid(self, unit: str) -> str:
        return self.call('show', '--property=MainPID', '--value', f'{unit}.service')

    def signal(self, unit: str, name: str) -> None:
        self.inside('sh', '-c', f'kill -{name} {self.main_pid(unit)}')

    def log(self) -> str:
        return self.inside('journalctl', '--no-pager', '--output=short-monotonic')

    def processes(self) -> dict[str, dict[str, str]]:
        """/proc/PID/status of all of ours, by name."""
        text = self.inside('sh', '-c', 'cat /proc/[0-9]*/status 2>/dev/null')
        found = {}
        for part in re.split(r'(?m)^(?=Name:)', text):
            fields = dict(line.split(':\t', 1) for line in part.splitlines() if ':\t' in line)
            if fields.get('Name') in OURS:
                found[fields['Name']] = {key: value.strip() for key, value in fields.items()}
        return found
