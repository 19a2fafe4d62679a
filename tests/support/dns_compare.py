"""What four servers said to one query, compared by meaning.

NSD and Knot are the judges: where they agree, imrs-engine has to agree with them, unless a rule explains the
difference; each rule names the clause that allows it, and none a domain. Where the two disagree, BIND's
answer is as good. What BIND says alone is counted, nothing more.
"""

from dns_messages import TC, Response
from dns_queries import ANY_KIND, BROKEN, FORM, POLICY, UNCLEAR

FORMERR, NXDOMAIN, NOTIMP, REFUSED = 1, 3, 4, 5
KEEPALIVE, EXTENDED_ERROR = 11, 15
OPCODE, NOTIFY = 0x7800, 0x2000
NS, RRSIG, ADDRESSES = 2, 46, (1, 28)

DISAGREE = 'NSD and Knot disagree'
BROKEN_RULE = 'broken message'
UNCLEAR_RULE = 'left open, all disagree'
FORM_RULE = 'FORMERR here'
POLICY_RULE = 'REFUSED here'
OPTION_RULE = 'extended error, keepalive'
TC_RULE = 'TC: which glue is required'
CUT_RULE = 'content of a cut answer'
GLUE_RULE = 'other additional records'
ANY_RULE = 'ANY: one RRset'

EXPLAINED = {
    DISAGREE: 'as one of NSD, Knot and BIND; left open by the RFCs',
    BROKEN_RULE: 'RFC 1035 4.1.1: FORMERR or NOTIMP here, silence or another error there',
    UNCLEAR_RULE: 'RFC 6891 6.2.3 (sizes below 512), RFC 6895 3.1 (type 0), RFC 1035 3.2.5 (class ANY)',
    FORM_RULE: 'RFC 7873 5.2.2 (length of a cookie), RFC 9619 4 and RFC 7873 5.4 (QDCOUNT)',
    POLICY_RULE: 'RFC 5936 5 (AXFR), RFC 1995 2 (IXFR), RFC 1996 3.10 (NOTIFY): who may is up to us',
    OPTION_RULE: 'RFC 8914 3, RFC 7828 3.3.2: optional',
    TC_RULE: 'RFC 2181 9, RFC 9471 3; RFC 1035 4.1.4: compression is optional',
    CUT_RULE: 'RFC 2181 9: what is left in a message with TC means nothing',
    GLUE_RULE: 'RFC 9471 3, RFC 1034 4.3.2: addresses outside the delegation are optional',
    ANY_RULE: 'RFC 8482 4.1: any subset of the RRsets at the name'}


# ---- what is looked at ---------------------------------------------------------------------------------


def substance(r: Response) -> tuple:
    """Flags, rcode and, where nothing was cut, answer and authority."""
    return (r.flags, r.rcode, () if r.truncated else (r.answer, r.authority))


def edns(r: Response) -> tuple | None:
    """OPT without its size and without what is optional in it."""
    if r.opt is None:
        return None
    kept = tuple(o for o in r.opt.options if o[0] not in (KEEPALIVE, EXTENDED_ERROR))
    return (r.opt.version, r.opt.flags, kept)


def optional(r: Response) -> tuple:
    return tuple(o for o in r.opt.options if o[0] in (KEEPALIVE, EXTENDED_ERROR)) if r.opt else ()


PARTS = (substance, lambda r: r.question, edns)


def difference(a, b) -> str:
    """The first field in which two answers differ, by name; '' if none that means anything."""
    if a is b:
        return ''
    if not isinstance(a, Response) or not isinstance(b, Response):
        return '' if a == b else 'no answer' if a is None or b is None else 'malformed'
    if a.truncated != b.truncated:
        return 'TC'
    names = ('rcode', 'flags', 'question', 'answer', 'authority')
    cut = ('answer', 'authority') if a.truncated else ()
    for name in names:
        if name not in cut and getattr(a, name) != getattr(b, name):
            return name
    return 'EDNS' if edns(a) != edns(b) else ''


# ---- rules ---------------------------------------------------------------------------------------------


def _is_error(r: Response, *rcodes: int) -> bool:
    return r.rcode in rcodes and not (r.answer or r.authority or r.truncated)


def _tc_rule(mine: Response, peers: list[Response], tight: bool) -> bool:
    """True if it is explained that TC differs from a peer."""
    if mine.truncated:
        return tight or any(p.truncated for p in peers)
    return all((p.flags & ~TC, p.rcode) == (mine.flags, mine.rcode) and
               (p.answer <= mine.answer and p.authority <= mine.authority if p.truncated else
                p.answer == mine.answer and p.authority == mine.authority) for p in peers)


def _any_rule(mine: Response, peers: list[Response]) -> bool:
    """BIND gives all RRsets, if they fit; otherwise ours has to be one RRset at the same name."""
    union = frozenset().union(*(p.answer for p in peers))
    owners = {r[0] for r in union}
    one = any(p.truncated for p in peers) and {r[0] for r in mine.answer} == owners and \
        len({r[2] for r in mine.answer} - {RRSIG}) == 1
    head = (mine.flags, mine.rcode, mine.authority)
    return bool(mine.answer) and (one or mine.answer <= union) and \
        any(head == (p.flags, p.rcode, p.authority) for p in peers)


def _rule(mine: Response, peers: list, kind: str, tight: bool) -> str:
    """Which rule explains that a part of ours is nobody's; what differs, if none does."""
    judges = [p for p in peers[:2] if isinstance(p, Response)]
    if kind == FORM and _is_error(mine, FORMERR):
        return FORM_RULE
    notify = kind == BROKEN and mine.flags & OPCODE == NOTIFY
    if (kind == POLICY or notify) and _is_error(mine, REFUSED):
        return POLICY_RULE
    if kind == BROKEN and _is_error(mine, FORMERR, NOTIMP):
        return BROKEN_RULE
    if judges and any(p.truncated != mine.truncated for p in judges) and _tc_rule(mine, judges, tight):
        return TC_RULE
    if kind == ANY_KIND and _any_rule(mine, [p for p in peers if isinstance(p, Response)]):
        return ANY_RULE
    if kind in (UNCLEAR, BROKEN) and len(judges) == 2 and substance(judges[0]) != substance(judges[1]):
        return UNCLEAR_RULE
    return f'differs from {"NSD and Knot" if judges else "silence"}: ' + \
        (difference(mine, judges[0]) if judges else 'an answer')


def _part(mine: Response, judges: list, all_peers: list, part) -> bool | None:
    """True: as the judges say. False: they disagree, and this is one of the three answers. None: nobody's."""
    own = part(mine)
    said = [part(p) for p in judges if isinstance(p, Response)]
    if len(said) == len(judges) and all(s == own for s in said):
        return True
    one = len(said) == len(judges) and said[0] == said[-1]
    heard = said if one else [part(p) for p in all_peers if isinstance(p, Response)]
    return False if not one and own in heard else None


def _optional_classes(mine: Response, peers: list, tcp: bool) -> list[str]:
    """Extended errors belong to errors, keepalive to TCP (RFC 7828 section 3.3.2)."""
    own = optional(mine)
    allowed = all(mine.rcode not in (0, NXDOMAIN) if code == EXTENDED_ERROR else tcp for code, _ in own)
    if not allowed:
        return ['differs: an optional EDNS option where it does not belong']
    return [] if all(isinstance(p, Response) and optional(p) == own for p in peers) else [OPTION_RULE]


def _lesser_classes(mine: Response, peers: list) -> list[str]:
    """Differences in what is left after the substance."""
    heard = [p for p in peers if isinstance(p, Response)]
    if mine.truncated:
        same = all((p.answer, p.authority) == (mine.answer, mine.authority) for p in heard if p.truncated)
        return [] if same else [CUT_RULE]
    if any(p.additional == mine.additional for p in heard) or not heard:
        return []
    return [GLUE_RULE] if _belongs(mine) else ['differs: additional record that no NS names']


def _belongs(mine: Response) -> bool:
    """Every additional record is an address, or its signature, of a name server that the response names."""
    servers = {data for _, _, rtype, _, data in mine.answer | mine.authority if rtype == NS}
    return all(owner in servers and rtype in (*ADDRESSES, RRSIG) for owner, _, rtype, _, _ in mine.additional)


def compare(mine, peers: list, kind: str, tight: bool, tcp: bool) -> tuple[str, ...]:
    """Classes of difference between `mine` and [NSD, Knot, BIND], each Response, str (malformed) or None (no
    answer). `tight`: a judge's answer fits, but might not without compression against the question's name.
    A class that is not in EXPLAINED matters."""
    judges = peers[:2]
    if isinstance(mine, str):
        return (f'differs: {mine}',)
    if mine is None:
        if judges == [None, None]:
            return ()
        return (DISAGREE,) if kind == BROKEN and None in peers else ('differs: no answer',)
    classes = []
    for part in PARTS:
        verdict = _part(mine, judges, peers, part)
        if verdict is False:
            classes.append(DISAGREE)
        elif verdict is None:
            classes.append(_rule(mine, peers, kind, tight))
    classes += _optional_classes(mine, peers, tcp) + _lesser_classes(mine, peers)
    return tuple(dict.fromkeys(classes))


def bind_alone(peers: list) -> str:
    """In what BIND differs where NSD and Knot agree; '' if it does not, or they do not."""
    nsd, knot, bind = peers
    return difference(bind, nsd) if not difference(nsd, knot) else ''
