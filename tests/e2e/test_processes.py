"""What each running process may do, read from /proc of the processes themselves."""

from pathlib import Path

from labcase import LabCase, proc_status
from lablib.report import status

NONE = 0
SETGID, SETUID, KILL, SETPCAP, NET_BIND_SERVICE, NET_ADMIN = (1 << bit for bit in (6, 7, 5, 8, 10, 12))
AGENT = NET_ADMIN | NET_BIND_SERVICE
LAUNCHER = SETUID | SETGID | KILL | SETPCAP
WANT = {'agent': AGENT, 'launcher': LAUNCHER, 'engine': NONE, 'zone': NONE, 'web': NONE}
SANDBOXED = ('engine', 'zone', 'web')
MEMORY_LIMIT = 60 * 1024   # kB


class Processes(LabCase):
    def found(self) -> dict[str, dict[str, str]]:
        processes = status(self.lab)['processes']
        return {role: proc_status(processes[role]['pid']) for role in WANT}

    def test_each_has_a_user_of_its_own_and_none_is_root(self) -> None:
        users = {role: fields['Uid'].split() for role, fields in self.found().items()}
        for role, ids in users.items():
            self.assertEqual(len(set(ids)), 1, f'{role}: real, effective, saved and fs uid differ')
        self.assertEqual(len({ids[0] for ids in users.values()}), len(WANT), users)
        self.assertNotIn('0', {ids[0] for ids in users.values()})
        for role, fields in self.found().items():
            self.assertEqual(fields['Groups'], '', role)
            self.assertNotIn('0', fields['Gid'].split(), role)

    def test_capabilities(self) -> None:
        for role, fields in self.found().items():
            for kind in ('CapPrm', 'CapEff'):
                self.assertEqual(int(fields[kind], 16), WANT[role], f'{role} {kind} {fields[kind]}')
            for kind in ('CapInh', 'CapAmb'):
                self.assertEqual(int(fields[kind], 16), NONE, f'{role} {kind} {fields[kind]}')
        for role in SANDBOXED:
            self.assertEqual(int(self.found()[role]['CapBnd'], 16), NONE, role)
        self.assertEqual(int(self.found()['agent']['CapBnd'], 16), AGENT)

    def test_no_new_privileges_and_seccomp(self) -> None:
        for role, fields in self.found().items():
            self.assertEqual(fields['NoNewPrivs'], '1', role)
            if role in SANDBOXED:
                self.assertEqual(fields['Seccomp'], '2', role)

    def test_only_the_agent_holds_the_device(self) -> None:
        """Otherwise the routes would outlive it."""
        processes = status(self.lab)['processes']
        for role in WANT:
            holds = any(self.target(link) == '/dev/net/tun'
                        for link in Path(f'/proc/{processes[role]["pid"]}/fd').iterdir())
            self.assertEqual(holds, role == 'agent', role)

    @staticmethod
    def target(link: Path) -> str:
        try:
            return str(link.readlink())
        except FileNotFoundError:
            return ''

    def test_the_engine_has_no_memory_that_is_writable_and_executable(self) -> None:
        pid = status(self.lab)['processes']['engine']['pid']
        modes = [line.split()[1] for line in Path(f'/proc/{pid}/maps').read_text().splitlines()]
        self.assertGreater(len(modes), 10)
        self.assertEqual([mode for mode in modes if 'w' in mode and 'x' in mode], [])

    def test_the_engine_has_no_file_open(self) -> None:
        pid = status(self.lab)['processes']['engine']['pid']
        targets = {self.target(link).split(':')[0] for link in Path(f'/proc/{pid}/fd').iterdir()}
        allowed = {'socket', 'anon_inode', '/dev/null', str(self.lab.agent.log), ''}
        self.assertLessEqual(targets, allowed)

    def test_the_agent_stays_small(self) -> None:
        rss = int(self.found()['agent']['VmRSS'].split()[0])
        print(f'\n    agent: {rss / 1024:.1f} MB resident (limit 60 MB)', end=' ', flush=True)
        self.assertLess(rss, MEMORY_LIMIT)

    def test_no_one_can_be_dumped(self) -> None:
        """/proc/PID of a process that is not dumpable belongs to root."""
        processes = status(self.lab)['processes']
        for role in WANT:
            self.assertEqual(Path(f'/proc/{processes[role]["pid"]}/mem').stat().st_uid, 0, role)

    def test_the_service_addresses_are_never_chosen_as_a_source(self) -> None:
        from lablib import netns
        from lablib import topology as net
        shown = netns.ip('-6', 'addr', 'show', 'dev', 'anycast0', namespace=net.APPLIANCE)
        self.assertEqual(shown.count('deprecated'), 2, shown)
