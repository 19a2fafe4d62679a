"""BIRD's configuration, made by the script that its unit runs: when anew, and when it is left as it is."""

import subprocess

from scripted import Scripted


class BirdConfiguration(Scripted):
    """What the agent makes is the text of agent.json, unless that is "refused". BIRD takes all but "bad"."""

    def setUp(self) -> None:
        super().setUp()
        self.json = self.folder / 'agent.json'
        self.json.write_text('one\n')
        self.conf = self.folder / 'bird.conf'
        self.program('agent', f'if grep -q refused {self.json}; then exit 2; fi\ncp {self.json} "$4"')
        self.program('check', f'echo looked >>{self.folder}/looked\n'
                              'if grep -q refused "$1"; then exit 78; fi')
        self.program('bird', 'if grep -q bad "$3"; then exit 1; fi')
        self.program('birdcl', f'cp {self.conf} {self.folder}/taken; echo "${{REPLY:-0003 Reconfigured}}"')
        self.program('systemctl', f'echo "$@" >>{self.folder}/told\n'
                                  f'case "$2" in is-active) [ -e {self.folder}/"$3" ] ;; esac')

    def run_it(self, verb: str, **environment: str) -> subprocess.CompletedProcess:
        return self.run_script('bird-configuration', verb, IMRS_CONFIGURATION=self.json,
                               IMRS_AGENT=self.bin / 'agent', IMRS_CHECK=self.bin / 'check',
                               IMRS_BIRD_CONF=self.conf, **environment)

    def active(self, unit: str) -> None:
        (self.folder / f'{unit}.service').touch()

    def test_at_boot_it_is_made(self) -> None:
        run = self.run_it('start')
        self.assertEqual((run.returncode, self.said('bird.conf')), (0, 'one\n'), run.stderr)
        self.active('imrs-agent')
        self.conf.unlink()
        self.assertEqual(self.run_it('start').returncode, 0)             # nothing there: made, too
        self.assertEqual(self.said('bird.conf'), 'one\n')

    def test_a_running_agent_keeps_its_bird(self) -> None:
        self.run_it('start')
        self.active('imrs-agent')
        for text in ('refused\n', 'two\n'):                              # edited, and nobody has been told
            (self.folder / 'looked').unlink(missing_ok=True)
            self.json.write_text(text)
            run = self.run_it('start')
            self.assertEqual((run.returncode, self.said('bird.conf')), (0, 'one\n'), text)
            self.assertIn('systemctl reload imrs-bird', run.stderr)
            self.assertEqual(self.said('looked'), '')                    # whoever looks waits ten seconds

    def test_without_the_agent_it_is_made_anew(self) -> None:
        self.run_it('start')
        self.json.write_text('two\n')
        self.assertEqual(self.run_it('start').returncode, 0)
        self.assertEqual(self.said('bird.conf'), 'two\n')
        self.json.write_text('refused\n')
        self.assertEqual(self.run_it('start').returncode, 78)

    def test_on_trial_it_is_made_anew(self) -> None:
        self.run_it('start')
        self.active('imrs-agent')
        self.json.write_text('two\n')
        (self.folder / 'agent.json.pending').touch()
        self.assertEqual(self.run_it('start').returncode, 0)
        self.assertEqual(self.said('bird.conf'), 'two\n')

    def test_what_bird_does_not_take_is_neither_kept_nor_put_there(self) -> None:
        self.conf.write_text('bad, of a BIRD before\n')
        self.active('imrs-agent')
        self.assertEqual(self.run_it('start').returncode, 0)
        self.assertEqual(self.said('bird.conf'), 'one\n')
        (self.folder / 'imrs-agent.service').unlink()
        self.json.write_text('bad\n')
        self.assertEqual(self.run_it('start').returncode, 1)
        self.assertEqual(self.said('bird.conf'), 'one\n')
        self.assertFalse((self.folder / 'bird.conf.new').exists())

    def test_a_reload_makes_it_anew_beside_a_running_agent(self) -> None:
        self.run_it('start')
        self.active('imrs-agent')
        self.assertIn('nothing has changed', self.run_it('reload').stdout)
        self.assertEqual(self.said('taken'), '')
        self.json.write_text('two\n')
        self.assertEqual(self.run_it('compare').returncode, 3)
        self.assertEqual(self.run_it('reload').returncode, 0)
        self.assertEqual((self.said('bird.conf'), self.said('taken')), ('two\n', 'two\n'))
        self.json.write_text('three\n')
        run = self.run_it('reload', REPLY='9001 no')
        self.assertEqual((run.returncode, self.said('bird.conf')), (1, 'two\n'), run.stderr)
        self.conf.unlink()
        self.assertEqual(self.run_it('reload').returncode, 0)
        self.assertEqual(self.said('bird.conf'), 'three\n')

    def test_a_bird_that_does_not_run_takes_the_new_one_at_its_start(self) -> None:
        self.run_it('start')
        self.active('imrs-agent')
        self.json.write_text('two\n')
        self.assertEqual(self.run_it('renew').returncode, 0)
        self.assertNotIn('reload', self.said('told'))
        self.run_it('start')
        self.assertEqual(self.said('bird.conf'), 'two\n')

    def test_a_bird_that_runs_is_reloaded(self) -> None:
        self.run_it('start')
        self.active('imrs-bird')
        self.assertEqual(self.run_it('renew').returncode, 0)
        self.assertEqual(self.said('told').splitlines()[-1], 'reload imrs-bird.service')
        self.assertEqual(self.said('bird.conf'), 'one\n')
