"""Questions from the host's side, and whether the answers are exactly what a zone version says; and what
becomes of connections from there.
"""

import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from lablib import topology as net
from lablib.answers import Question, Zone, expected, fault
from lablib.netns import in_namespace
from lablib.questions import query_tail, question_pool

LIMIT = 3.0                # seconds for an answer: the processors are emulated
TRIES = 3
SEED = 8
OPEN, DROPPED = 'open', 'dropped'


def served_serial() -> int | None:
    """Of the root zone, by UDP from the first service address; None if there is no answer."""
    import dns.exception
    import dns.message
    import dns.query
    query = dns.message.make_query('.', 'SOA')
    try:
        reply = in_namespace(net.HOST, lambda: dns.query.udp(query, net.SERVICE_ADDRESSES[0], timeout=LIMIT))
    except (OSError, dns.exception.DNSException):
        return None
    return reply.answer[0][0].serial if reply.answer else None


def wrong_answers(zone_file: Path, count: int) -> tuple[int, list[str]]:
    """Asks every service address `count` questions by UDP and as many by TCP: how many answers there were,
    and what was wrong, a line each. A question that gets none in three tries is wrong, too."""
    zone = Zone(zone_file)
    total, wrong = 0, []
    for tcp in (False, True):
        questions = question_pool(zone, count, tcp, SEED)
        for address in net.SERVICE_ADDRESSES:
            answers = in_namespace(net.HOST, lambda a=address, q=questions, t=tcp: list(_ask(a, q, t)))
            for question, wire in zip(questions, answers, strict=True):
                why = fault(expected(zone, question), question, wire) if wire else 'no answer'
                total += wire is not None
                wrong += [f'{address}: {question.text()}: {why}'] if why else []
    return total, wrong


def _ask(address: str, questions: list[Question], tcp: bool) -> Iterator[bytes | None]:
    """One answer after the other."""
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    for number, question in enumerate(questions):
        query = struct.pack('>H', number) + query_tail(question)
        yield next((reply for _ in range(TRIES) if (reply := _try(family, address, query, tcp))), None)


def _try(family: int, address: str, query: bytes, tcp: bool) -> bytes | None:
    try:
        with socket.socket(family, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as connection:
            connection.settimeout(LIMIT)
            connection.connect((address, 53))
            if not tcp:
                connection.send(query)
                return connection.recv(65536)
            connection.sendall(struct.pack('>H', len(query)) + query)
            stream = connection.makefile('rb')
            return stream.read(struct.unpack('>H', stream.read(2))[0])
    except (OSError, struct.error):
        return None


def knock(source: str, address: str, port: int, limit: float = LIMIT) -> str:
    """A TCP connection, by IPv4, from the namespace of the caller: OPEN; DROPPED if nothing at all came back
    within `limit` seconds; or the kernel's words for what came back, such as "Connection refused"."""
    with socket.socket() as connection:
        connection.settimeout(limit)
        connection.bind((source, 0))
        try:
            connection.connect((address, port))
        except TimeoutError:
            return DROPPED
        except OSError as error:
            return os.strerror(error.errno or 0)
    return OPEN
