"""Packets that are dropped in the appliance's namespace, by a table of the drill's own."""

import subprocess

from lablib import topology as net


def drop(*rules: str) -> None:
    """nftables rules; one that names oif is for what goes out, every other for what comes in."""
    chains = {'input': [rule for rule in rules if 'oif' not in rule],
              'output': [rule for rule in rules if 'oif' in rule]}
    text = 'table inet drill\ndelete table inet drill\ntable inet drill {\n'
    for hook, own in chains.items():
        text += f' chain {hook} {{ type filter hook {hook} priority 0;\n  ' + '\n  '.join(own) + '\n }\n'
    _nft(text + '}\n')


def drop_nothing() -> None:
    _nft('table inet drill\ndelete table inet drill\n')


def _nft(text: str) -> None:
    argv = ['ip', 'netns', 'exec', net.APPLIANCE, 'nft', '-f', '-']
    subprocess.run(argv, input=text, text=True, check=True, timeout=10)
