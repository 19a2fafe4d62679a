"""What each process may do, as the source and the units have it."""

import re
from pathlib import Path

from documents.keys import ROOT, source

CAPABILITY = re.compile(r'CAP_[A-Z_]+')
UNITS = Path('packaging/package/units')


def _argument(file: str, call: str) -> set[str]:
    """The capabilities in the one call that begins so."""
    found = re.findall(rf'{re.escape(call)}[^;]*', source(file))
    assert len(found) == 1, f'{file}: {call}... {len(found)} times'
    return set(CAPABILITY.findall(found[0]))


def _unit(name: str, setting: str) -> set[str]:
    lines = re.findall(rf'^{setting}=(.*)$', (ROOT / UNITS / name).read_text(encoding='utf-8'), re.M)
    return {word for line in lines for word in CAPABILITY.findall(line)}


def capabilities() -> dict[str, set[str]]:
    """Of each process when it has started; empty: none."""
    children = _argument('agent/launcher.cc', 'become(user.uid')
    return {'imrs-agent': _argument('agent/startup.cc', 'become(users.agent_uid'),
            'imrs-launcher': _argument('agent/launcher.cc', 'become(settings.self.uid'),
            **{name: children for name in ('imrs-engine', 'imrs-zone', 'imrs-audit', 'imrs-web')},
            'BIRD': _unit('imrs-bird.service', 'AmbientCapabilities')}


def bounding_sets_are_narrow() -> bool:
    """BIRD's unit gives no more than it has."""
    return _unit('imrs-bird.service', 'CapabilityBoundingSet') == capabilities()['BIRD']


SANDBOXES = {'imrs-engine': 'dns/engine/sandbox.cc', 'imrs-zone': 'dns/pipeline/sandbox.cc',
             'imrs-audit': 'dns/audit/sandbox.cc', 'imrs-web': 'agent/web/sandbox.cc'}


def lists_what_it_needs(name: str) -> bool:
    """Whether system calls that are not named are refused; otherwise those that are named are."""
    return 'Otherwise::Refuse' in source(SANDBOXES[name])


def killing_calls(name: str) -> set[str]:
    text = source(SANDBOXES[name])
    found = re.search(r'kFatal\[\] = \{([^}]*)\}', text)
    return set(re.findall(r'SCMP_SYS\((\w+)\)', found[1])) if found else set()
