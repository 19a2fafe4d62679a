"""Every alarm that the agent can have, as the source puts it together, with "…" for what is put in."""

import re
from collections.abc import Iterator

from documents.keys import functions, source
from documents.literals import JOINED, joined

SUPERVISOR = 'agent/supervisor.cc'
# What the supervisor asks for alarms, and where their texts stand: file, and the function that returns or
# collects them ("" for all of the file's that collect) or the variable that keeps them.
MAKERS: dict[str, tuple[tuple[str, str], ...]] = {
    'alarms': (('agent/report.cc', ''),),
    'audit_.untrusted': (('agent/audit_link.cc', 'untrusted_'),),
    'audit_.trouble': (('agent/audit_link.cc', 'trouble_'),),
    'engine_.trouble': (('agent/engine_link.cc', 'trouble_'),),
    'engine_.alarms': (('agent/answer_policy.cc', 'alarms'),),
    'waivers_.alarms': (('agent/waivers.cc', 'alarms'),),
    'way_out_alarm': (('agent/supervisor_watch.cc', 'way_out_alarm'),),
    'self_test_alarm': (('agent/upgrade.cc', 'self_test_alarm'),),
    'clock_.alarm': (('agent/wall_clock.cc', 'alarm'),),
    'traffic_.alarms': (('agent/traffic_watch.cc', 'alarms'),),
    'zone_.expiry_alarms': (('agent/zone_link.cc', 'expiry_alarms'),),
    'zone_.trouble': (('dns/pipeline/keeper.cc', 'trouble'),),           # imrs-zone tells it
    'zone_.oddities': (('dns/zone/verify.cc', 'result_.oddities_'),),    # the same
}
# Texts of which the last "…" is what matters: who says that.
ENDS = {'… to … is …': ('health/decision.cc', 'reason'), 'zone …: …': ('agent/expiry.cc', 'expiry_alarm')}

PUSHED = re.compile(r'(?:for \(std::string& alarm : (.+)\) \{?\s*|if \(std::string alarm = (.+?); .+\) )?'
                    r'now\.alarms(?: = |\.push_back\()(.+?)\)?;')
STATEMENT = r'((?:"(?:[^"\\\n]|\\.)*"|[^";])+);'
FORMATTED = re.compile(rf'\s*fmt::format\(\s*({JOINED.pattern})')


def asked() -> list[str]:
    """Whom the supervisor asks, in its own words: keys of MAKERS."""
    text = source(SUPERVISOR)
    found = [next(filter(None, match)) for match in PUSHED.findall(text)]
    assert len(found) == text.count('now.alarms'), f'{SUPERVISOR}: alarms come in a form that is not known'
    return [expression.partition('(')[0].replace('->', '.') for expression in found]


def texts() -> Iterator[str]:
    for places in MAKERS.values():
        for place in places:
            found = list(_texts_of(*place))
            assert found, f'{place[0]}: {place[1]} says nothing'
            for text in found:
                if text in ENDS:
                    yield from (text.removesuffix('…') + end for end in _texts_of(*ENDS[text]))
                else:
                    yield text


def _texts_of(file: str, name: str) -> Iterator[str]:
    text, begin = source(file), r'\.push_back\('
    if name.endswith('_'):
        begin = rf'(?<![\w.]){re.escape(name)} =(?!=)'
    elif name:
        begin, text = r'(?:\.push_back\(|\breturn\b)', '\n'.join(body for head, body in functions(text)
                                                                if head == name)
    for expression in re.findall(begin + STATEMENT, text):
        if '"' in expression:
            yield said(expression)


def said(expression: str) -> str:
    """"a {} b" of fmt::format("a {} b", x), "a … b" of "a " + x + " b"."""
    if match := FORMATTED.match(expression):
        return joined(match[1])
    pieces = re.findall(rf'({JOINED.pattern})|([^"+]*[\w)][^"+]*)', expression.strip().removesuffix(')'))
    return ''.join(joined(piece[0]) if piece[0] else '…' for piece in pieces)


def rows_for(alarm: str, rows: list[list[str]]) -> list[int]:
    """Those of a table that speak of it, by number. `rows`: the texts that each names."""
    return [number for number, row in enumerate(rows) if any(_speaks_of(text, alarm) for text in row)]


def _speaks_of(text: str, alarm: str) -> bool:
    return bool(re.search('.*'.join(re.escape(part) for part in text.strip('… ').split('…')), alarm))
