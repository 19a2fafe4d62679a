"""The documents held to the programs: every key of the configuration, every command, every alarm, every file
and every link that they name. What needs programs is skipped where none are built (IMRS_BUILD: their build
folder, default build/release)."""

import re
import unittest
import unittest.mock
from collections.abc import Callable

from documents import alarms, commands, files, keys, literals, privileges, programs
from documents.markdown import SPAN, Document

ROOT = keys.ROOT
CONFIGURATION = Document(ROOT / 'CONFIGURATION.md')
HANDBOOK, SECURITY = Document(ROOT / 'HANDBOOK.md'), Document(ROOT / 'SECURITY.md')
DOCUMENTS = [Document(file) for file in sorted(ROOT.glob('*.md')) if file.name != 'STYLE.md']
# Of types in the source.
NO_ALERTS = {'VerifiedZone'}
# Drawings and names of programs, no commands.
WITHOUT_COMMANDS = {'ARCHITECTURE.md'}
FILES = {'agent.json': keys.AGENT, 'secrets.json': keys.SECRETS, 'The site sheet': keys.SHEET}


def need(*names: str) -> None:
    for name in names:
        if not programs.program(name).exists():
            print(f'SKIPPED: {programs.program(name)} is not built; what is said of it was NOT compared',
                  flush=True)
            raise unittest.SkipTest(f'no {name}')


class Keys(unittest.TestCase):
    """CONFIGURATION.md has what the parsers take, and nothing else."""

    def test_each_is_documented_and_each_documented_is_taken(self) -> None:
        for file, places in FILES.items():
            with self.subTest(file):
                taken, written = set(keys.parser_keys(places)), set(keys.documented(CONFIGURATION, file))
                self.assertGreater(len(taken), 3)
                self.assertEqual(taken - written, set(), 'not in CONFIGURATION.md')
                self.assertEqual(written - taken, set(), 'in CONFIGURATION.md, but no key')

    def test_no_parser_is_overlooked(self) -> None:
        self.assertEqual(keys.readers(), set(keys.SOURCES) | keys.OTHERS)

    def test_defaults(self) -> None:
        compared = 0
        rows = keys.documented(CONFIGURATION, 'agent.json')
        for path, key in keys.parser_keys(keys.AGENT).items():
            default = rows[path].default if path in rows else 'required'
            if key.default is None or default == 'required' or '::' in key.default:
                continue
            with self.subTest(path):
                self.assertEqual(default.strip('`'), key.default)
                compared += 1
        self.assertGreater(compared, 25)

    def test_the_sheet_has_the_values_of_the_configuration(self) -> None:
        """Keys that are only moved. What is otherwise in the sheet is said there."""
        sheet = keys.documented(CONFIGURATION, 'The site sheet')
        agent = keys.documented(CONFIGURATION, 'agent.json')
        others = {'neighbours[].name', 'neighbours[].password', 'primaries[].key'}
        for here, there in (('neighbours[]', 'bgp.neighbours[]'), ('cluster', 'instance.cluster'),
                            ('management', 'management'), ('networks', 'access'),
                            ('primaries[]', 'zones[].primaries[]'), ('identity_zone', 'identity_zone')):
            for path, row in sheet.items():
                same = agent.get(f'{there}.{path.rpartition(".")[2]}')
                if programs.holder(path) != here or path in others or same is None:
                    continue
                with self.subTest(path):
                    self.assertEqual(row.value, same.value)
                    self.assertIn(row.default, (same.default, 'as there'))

    def test_a_parser_that_asks_otherwise_is_noticed(self) -> None:
        for text in ('void read_engine(ObjectReader&& in, EngineConfig& out) {\n  in.text(kKey, out.x);\n}\n',
                     'void read_engine(ObjectReader&& more) {\n  more.text("x", out.x);\n}\n',
                     'void read_other(ObjectReader& in) {\n  in.number("x", x, 1, 2);\n}\n',
                     'void read_engine(ObjectReader&& in) {\n  in.text(key_of(3), x);\n}\n',
                     'auto reader = [](ObjectReader& in) { in.text("x", y); };\n'):
            with self.subTest(text), unittest.mock.patch.object(keys, 'source', return_value=text):
                self.assertRaises(keys.UnknownForm, keys.keys_of, 'parse.cc', keys.AGENT)


class Values(unittest.TestCase):
    """What CONFIGURATION.md says of a key's value is what imrs-agent --check says of a wrong one."""

    def setUp(self) -> None:
        need('imrs-agent')

    def test_types_ranges_and_words(self) -> None:
        rows = keys.documented(CONFIGURATION, 'agent.json')
        for depth in range(1 + max(path.count('.') for path in rows)):
            found = programs.complaints(programs.odd_at(rows, depth))
            for path, row in rows.items():
                if path.count('.') == depth:
                    self.compare(row, found.get(path, []))

    def test_secrets(self) -> None:
        rows = keys.documented(CONFIGURATION, 'secrets.json')
        found = programs.complaints({}, programs.odd_at(rows, 0))
        for row in rows.values():
            self.compare(row, found.get(row.path, []))

    def compare(self, row: keys.Row, said: list[str]) -> None:
        words = re.findall(r'`"([\w-]+)"`', row.value)
        if words:
            want = 'use ' + ' or '.join(f'"{word}"' for word in words)
        elif re.fullmatch(r'\d+ to \d+', row.value):
            want = f'must be a whole number, {row.value}'
        else:
            want = {'text': 'must be text', 'list': 'must be a list', 'object': 'must be an object',
                    'true or false': 'must be true or false'}[row.value]
        with self.subTest(row.path):
            self.assertIn(want, said)

    def test_required(self) -> None:
        rows = keys.documented(CONFIGURATION, 'agent.json')
        for depth in range(1 + max(path.count('.') for path in rows)):
            found = programs.complaints(programs.empty({programs.holder(path) for path in rows}, depth))
            for path, row in rows.items():
                if path.count('.') == depth:
                    with self.subTest(path):
                        self.assertEqual('is missing' in found.get(path, []), row.default == 'required')

    def test_every_object_is_read_strictly(self) -> None:
        rows = keys.documented(CONFIGURATION, 'agent.json')
        objects = {programs.holder(path) for path in rows}
        agent = programs.empty(objects, 9)
        for path in objects:
            programs.at(agent, path)['odd'] = 1
        found = programs.complaints(agent)
        for path in objects:
            with self.subTest(path):
                said = ' '.join(found.get(f'{path}.odd' if path else 'odd', []))
                self.assertIn('unknown key', said)

    def test_site_sheet(self) -> None:
        """Every object in it is read strictly, and every key that is documented is known."""
        need('imrsctl')
        rows = keys.documented(CONFIGURATION, 'The site sheet')
        objects = {programs.holder(path) for path in rows}
        sheet = programs.empty(objects, 9)
        for path in rows:
            name = path.rpartition('.')[2]
            programs.at(sheet, programs.holder(path)).setdefault(name, programs.ODD)
        for path in objects:
            programs.at(sheet, path)['odd'] = 1
        unknown = {path for path, said in programs.complaints_of_sheet(sheet).items()
                   if any('unknown key' in one for one in said)}
        self.assertEqual(unknown, {f'{path}.odd' if path else 'odd' for path in objects})


class Commands(unittest.TestCase):
    """Each that is shown is one that the program knows."""
    shown: list[commands.Command]

    @classmethod
    def setUpClass(cls) -> None:
        need(*commands.INSTALLED)
        cls.shown = [command for document in DOCUMENTS if document.name not in WITHOUT_COMMANDS
                     for command in commands.shown_in(document)]

    def test_programs_know_their_commands_and_options(self) -> None:
        self.assertGreater(len(self.shown), 100)
        for command in self.shown:
            with self.subTest(str(command)):
                self.assertEqual(commands.fault(command), '')

    def test_programs_take_them(self) -> None:
        called = 0
        for command in self.shown:
            with self.subTest(str(command)):
                said = commands.refusal(command)
                called += said is not None
                self.assertIn(said, ('', None))
        self.assertGreater(called, 40)

    def test_each_command_of_imrsctl_is_in_the_handbook(self) -> None:
        named = {word for command in self.shown if command.document == 'HANDBOOK.md'
                 for word in command.words[:1]} | {span.split()[0] for span in HANDBOOK.spans()}
        others = {'manual', 'completion', 'remote'}
        self.assertEqual(commands.help_of('imrsctl').commands - named - others, set())

    def test_remote_hands(self) -> None:
        """What "ssh root@BOX ..." shows, the operator's role may do."""
        shown = commands.remote_in(HANDBOOK)
        self.assertGreater(len(shown), 3)
        for line in shown:
            with self.subTest(line):
                self.assertEqual(commands.remote_fault(line), '')

    def test_what_is_allowed_from_afar_is_there(self) -> None:
        listed = commands.listed_for('operator')
        self.assertGreater(len(listed), 15)
        for line in listed:
            with self.subTest(line):
                words = commands.parts_of(line)[0]
                command = commands.Command('imrsctl remote', line, 'imrsctl', tuple(words))
                self.assertEqual(commands.fault(command), '')

    def test_a_wrong_one_is_noticed(self) -> None:
        for line in ('imrsctl statsu', 'imrsctl drain --because x', 'imrs-agent --print-birds',
                     'imrsctl zone a b', 'packaging/lab upp', 'packaging/lab drill --round 1',
                     'tests/run --all', 'imrsctl drain v5 x'):
            with self.subTest(line):
                document = unittest.mock.Mock(blocks=[line], spans=lambda: [])
                document.name = 'x'
                command, = commands.shown_in(document)
                self.assertTrue(commands.fault(command) or commands.refusal(command))


class Said(unittest.TestCase):
    """The texts of the handbook's tables are what the programs say."""

    ALARMS = 'Alarms, and what to do'

    def test_alarms(self) -> None:
        self.compare(self.ALARMS, list(literals.literals()), 20)

    def test_each_alarm_has_a_row(self) -> None:
        rows, said = self.texts(self.ALARMS), list(alarms.texts())
        self.assertGreater(len(said), 20)
        for alarm in said:
            with self.subTest(alarm):
                self.assertEqual(len(alarms.rows_for(alarm, rows)), 1, 'rows of the handbook\'s table')

    def test_an_alarm_without_a_row_is_noticed(self) -> None:
        rows = [['zone … from … …: …'], ['draining: …', '… is not running']]
        for expression, said, want in (
                (' program.name + " is not running")', '… is not running', [1]),
                ('fmt::format("zone {} from {} {}: {}{}", x ? "" : ": ", y))', 'zone … from … …: ……', [0]),
                (' "draining: " + order + "; " + reason', 'draining: …; …', [1]),
                ('fmt::format("the link {} is "\n  "down: {:x}", z)', 'the link … is down: …', [])):
            with self.subTest(expression):
                self.assertEqual(alarms.said(expression), said)
                self.assertEqual(alarms.rows_for(said, rows), want)

    def test_whoever_makes_alarms_is_known(self) -> None:
        self.assertEqual(sorted(alarms.asked()), sorted(alarms.MAKERS))

    def test_console(self) -> None:
        self.compare('Boot, and what the console says', [*literals.literals(), *literals.scripts()], 8)

    def compare(self, heading: str, known: list[str], least: int) -> None:
        texts = [text for row in self.texts(heading) for text in row]
        self.assertGreaterEqual(len(texts), least)
        for text in texts:
            with self.subTest(text):
                self.assertTrue(literals.is_said(text, known), 'no program says that')

    def texts(self, heading: str) -> list[list[str]]:
        """What the rows of its table name, in their first cells."""
        rows = next(section.rows for section in HANDBOOK.sections() if section.heading == heading)
        return [SPAN.findall(row[0]) for row in rows]

    def test_alerts_metrics_and_points_of_preflight(self) -> None:
        """Names that stand alone in the text."""
        alerts = (ROOT / 'packaging' / 'prometheus' / 'alerts.yaml').read_text(encoding='utf-8')
        metrics = (ROOT / 'packaging' / 'prometheus' / 'metrics.txt').read_text(encoding='utf-8')
        points = (ROOT / 'agent' / 'preflight' / 'checks.cc').read_text(encoding='utf-8')
        checks = ((r'(?:[A-Z][a-z]+){2,}', lambda name: f'alert: {name}\n' in alerts),
                  (r'imrs_\w+', lambda name: f'\n{name} ' in metrics),
                  (r'imrsctl preflight --only ([a-z-]+).*', lambda name: f'{{"{name}", ' in points))
        for pattern, is_there in checks:
            names = {(document.name, match[match.re.groups]) for document in DOCUMENTS
                     for span in document.spans() if (match := re.fullmatch(pattern, span))}
            self.assertTrue(names, pattern)
            for document, name in sorted(names):
                if name not in NO_ALERTS:
                    with self.subTest(f'{document}: {name}'):
                        self.assertTrue(is_there(name))

    def test_prefixes_and_addresses_in_the_page_for_the_noc(self) -> None:
        defaults = re.search(r'^Config defaults\(\) \{\n(.*?)^\}', keys.source('agent/config/parse.cc'),
                             re.M | re.S)
        texts = re.findall(r'"([\d.:a-f]+(?:/\d+)?)"', defaults[1])
        self.assertEqual(len(texts), 8)
        noc = (ROOT / 'NOC.md').read_text(encoding='utf-8')
        for text in texts:
            self.assertRegex(noc, rf'\| .*(?<![\w:.]){re.escape(text)}(?![\w:./])')


class Processes(unittest.TestCase):
    """SECURITY.md's table is what the source says."""

    def setUp(self) -> None:
        heading = 'What each process may do'
        rows = next(section.rows for section in SECURITY.sections() if section.heading == heading)
        self.rows = {SPAN.sub(r'\1', row[0]).split(' (')[0]: row for row in rows}

    def test_capabilities(self) -> None:
        known = privileges.capabilities()
        self.assertEqual(set(self.rows), {*known, 'imrsctl'})
        for name, have in known.items():
            with self.subTest(name):
                said = self.rows[name][1]
                self.assertEqual(set(privileges.CAPABILITY.findall(said)), have)
                self.assertEqual(said == 'none', not have)
        self.assertTrue(privileges.bounding_sets_are_narrow())

    def test_system_calls(self) -> None:
        for name in privileges.SANDBOXES:
            with self.subTest(name):
                said = self.rows[name][2]
                self.assertEqual('a list of those it needs' in said, privileges.lists_what_it_needs(name))
                self.assertEqual('socket kills it' in said, 'socket' in privileges.killing_calls(name))


class Files(unittest.TestCase):
    def test_files_of_the_repository(self) -> None:
        self.check(files.OF_REPOSITORY, files.is_there, 30)

    def test_files_of_the_package(self) -> None:
        self.check(files.INSTALLED, files.is_installed, 4)

    def test_files_that_are_made(self) -> None:
        self.check(files.MADE, files.is_made, 15)

    def test_the_manual_page_has_each_place_of_the_package(self) -> None:
        page = (ROOT / 'packaging/package/manual/imrs-agent.8').read_text(encoding='utf-8')
        said = re.findall(r'^\.I (/\S+)$', page.partition('.SH FILES')[2].partition('.SH')[0], re.MULTILINE)
        places = (ROOT / 'packaging/package/tmpfiles.conf').read_text(encoding='utf-8')
        made = re.findall(r'^d (/\S+)', places, re.MULTILINE)
        self.assertGreater(len(made), 5)
        for path in made:
            with self.subTest(path):
                self.assertTrue(any(f'{one}/'.startswith(f'{path}/') or f'{path}/'.startswith(f'{one}/')
                                    for one in said), 'is not in imrs-agent(8), FILES')
        for path in said:
            with self.subTest(path):
                self.assertTrue(files.is_made(path), 'is not there')

    def test_a_wrong_directory_or_name_is_noticed(self) -> None:
        for path in ('/run/imrs-nowhere/agent.json', '/run/imrs-bird/bird.conf', '/run/imrs/bird.ctl',
                     '/etc/imrs/audit.log', '/var/lib/imrs/control.sock', '/etc/imrs/root.ds',
                     '/etc/imrs/anchor', '/var/lib/imrs/odd', '/run/imrs-birds'):
            with self.subTest(path):
                self.assertFalse(files.is_made(path))
        for path in ('/var/lib/imrs/firewall.nft', '/run/imrs-refused', '/var/lib/imrs/orders.json',
                     '/etc/imrs/tls/'):
            with self.subTest(path):
                self.assertTrue(files.is_made(path))

    def check(self, pattern: re.Pattern[str], is_good: Callable[[str], bool], least: int) -> None:
        paths = {(document.name, path) for document in DOCUMENTS for path in files.named(document, pattern)}
        self.assertGreaterEqual(len(paths), least)
        for name, path in sorted(paths):
            with self.subTest(f'{name}: {path}'):
                self.assertTrue(is_good(path), 'is not there')

    def test_topics_of_end_to_end_tests(self) -> None:
        for document in DOCUMENTS:
            for topic in re.findall(r'tests/e2e/run\.py build/\w+ (\w+)', document.text):
                with self.subTest(f'{document.name}: {topic}'):
                    self.assertTrue((ROOT / 'tests' / 'e2e' / f'test_{topic}.py').exists())

    def test_units(self) -> None:
        named = {unit for document in DOCUMENTS for unit in files.units_named(document)}
        self.assertEqual(named, files.units())

    def test_links_and_references_lead_somewhere(self) -> None:
        for document in DOCUMENTS:
            for name, heading, of_anchor in files.references(document):
                with self.subTest(f'{document.name}: {name} {heading}'):
                    self.assertEqual(files.wrong_reference(name, heading, of_anchor), '')
            for link in document.links():
                with self.subTest(f'{document.name}: {link}'):
                    self.assertEqual(files.wrong_link(document, link), '')


if __name__ == '__main__':
    unittest.main()
