"""What three servers said to one query, compared by meaning.

A difference matters unless a rule below explains it, and each rule names the clause that allows it.
"""

from dns_messages import Malformed, Response, read_response

FORMERR, NXDOMAIN, NOTIMP = 1, 3, 4
AA, TC = 0x0400, 0x0200

EXPLAINED = {
    'a peer silent, FORMERR or NOTIMP here': 'RFC 1035 4.1.1: a broken message may be answered or not',
    'fits here, cut by the peers': 'RFC 2181 9: TC only where required data does not fit',
    'cut here, fits the peers': 'RFC 1035 4.1.4: compression is optional (denials)',
    'cut here and by one peer': 'RFC 2181 9, RFC 9471 3: which glue is required is read in two ways',
    'content of a cut answer': 'RFC 2181 9: what is left in a message with TC means nothing',
    'other additional records': 'RFC 9471 3, RFC 1034 4.3.2: addresses outside the delegation are optional',
    'peers disagree, as one of them': 'left open by the RFCs: NSD and Knot differ too',
    'peers disagree, neither': 'broken, type 0 or EDNS size below 512 (RFC 6891 6.2.3) only',
    'ANY: one RRset': 'RFC 8482 4.1: any subset of the RRsets at the name',
}


def parse(wire: bytes | None) -> Response | str | None:
    if wire is None:
        return None
    try:
        return read_response(wire)
    except Malformed as error:
        return f'malformed: {error}'


def essentials(r: Response | str | None):
    """All that has to agree, the sections only where nothing was cut."""
    if not isinstance(r, Response):
        return r
    opt = (r.opt.version, r.opt.flags, r.opt.options) if r.opt else None
    sections = () if r.truncated else (r.answer, r.authority)
    return (r.flags, r.rcode, r.question, opt, sections)


def _is_any(r: Response) -> bool:
    return r.question[-4:-2] == b'\0\xff'


def _tc_rule(mine: Response, peers: list[Response], limit: int) -> str | None:
    """Which rule explains that TC differs from a peer; None if none does."""
    complete = [p for p in peers if not p.truncated]
    if mine.truncated:
        if any(p.truncated for p in peers):
            return 'cut here and by one peer'
        return 'cut here, fits the peers' if limit == 512 and mine.rcode == NXDOMAIN else None
    if mine.size > limit:
        return None
    same = all(p.answer == mine.answer and p.authority == mine.authority for p in complete)
    subset = all(p.answer <= mine.answer and p.authority <= mine.authority
                 for p in peers if p.truncated)
    flags = all(p.flags & ~TC == mine.flags and p.rcode == mine.rcode for p in peers)
    return 'fits here, cut by the peers' if same and subset and flags else None


def compare(mine, peers: list, limit: int, broken: bool, unclear: bool) -> tuple[str | None, bool]:
    """-> (what differs, True if that matters). The peers are the references, in order."""
    if isinstance(mine, str):
        return mine, True
    wanted = [essentials(p) for p in peers]
    if all(essentials(mine) == w for w in wanted):
        return _lesser(mine, peers), False
    if None in peers and broken and isinstance(mine, Response) and mine.rcode in (FORMERR, NOTIMP):
        return 'a peer silent, FORMERR or NOTIMP here', False
    heard = [p for p in peers if isinstance(p, Response)]
    if isinstance(mine, Response) and heard and any(p.truncated != mine.truncated for p in heard):
        rule = _tc_rule(mine, heard, limit)
        if rule is not None:
            return rule, False
    if essentials(mine) in wanted:
        return 'peers disagree, as one of them', False
    if isinstance(mine, Response) and heard and _is_any(mine) and _subset(mine, heard):
        return 'ANY: one RRset', False
    if wanted[0] != wanted[1] and (broken or unclear) and None not in peers:
        return 'peers disagree, neither', False
    return 'differs: ' + _fields(mine, heard), True


def _subset(mine: Response, peers: list[Response]) -> bool:
    union = frozenset().union(*(p.answer for p in peers))
    return bool(mine.answer) and mine.answer <= union and mine.rcode == peers[0].rcode


def _lesser(mine, peers: list) -> str | None:
    """Differences that never matter, by name."""
    if not isinstance(mine, Response):
        return None
    if mine.truncated:
        same = all((p.answer, p.authority) == (mine.answer, mine.authority) for p in peers)
        return None if same else 'content of a cut answer'
    return None if any(p.additional == mine.additional for p in peers) else 'other additional records'


def _fields(mine, peers: list[Response]) -> str:
    if not isinstance(mine, Response) or not peers:
        return 'noanswer'
    names = ('flags', 'rcode', 'question', 'opt', 'answer', 'authority')
    return ', '.join(n for n in names if getattr(mine, n) != getattr(peers[0], n))
