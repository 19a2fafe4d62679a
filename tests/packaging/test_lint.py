"""The co_await rule of tests/lint."""

import importlib.machinery
import importlib.util
import unittest
from pathlib import Path

LINT = Path(__file__).resolve().parents[1] / 'lint'
loader = importlib.machinery.SourceFileLoader('lint', str(LINT))
lint = importlib.util.module_from_spec(importlib.util.spec_from_loader('lint', loader))
loader.exec_module(lint)

GOOD = (
    'auto x = co_await f(a, b || c);', 'co_await f();', 'co_return co_await f();', 'auto&& x = co_await f();',
    'if (auto x = co_await f(); !x) return;', 'for (auto x = co_await f(); x; ++x) {}',
    'auto x = (co_await f()).y;', 'auto g = [](int a) { b; co_await f(); };',
    'if (a && b) { auto x = co_await f(); }', '// if (co_await f())', 'log("a && co_await b");',
    'timer t(co_await asio::this_coro::executor);', 'run([] { co_await f(); });')
BAD = (
    ('if (co_await f()) return;', 'condition of "if"'), ('while (!co_await f()) {}', 'condition of "while"'),
    ('if (auto x = co_await f()) return;', 'condition of "if"'),
    ('if (auto x = g(); co_await f(x)) {}', '"if"'),
    ('for (int i = 0; co_await f(i); ++i) {}', 'condition of "for"'),
    ('auto x = a && co_await f();', 'beside &&'), ('auto x = co_await f() || b;', 'beside ||'),
    ('auto x = a ? co_await f() : b;', 'ternary'), ('co_await f(a ? b : c);', 'ternary'),
    ('g(co_await f());', 'arguments of "g(...)"'),
    ('g(1, (co_await f()).y);', 'arguments of "g(...)"'))


class Awaits(unittest.TestCase):
    def test_good(self) -> None:
        for code in GOOD:
            self.assertEqual(list(lint.wrong_awaits(f'void h() {{\n{code}\n}}')), [], code)

    def test_bad(self) -> None:
        for code, want in BAD:
            found = list(lint.wrong_awaits(f'void h() {{\n{code}\n}}'))
            self.assertEqual([line for line, _ in found], [2], code)
            self.assertIn(want, found[0][1], code)
