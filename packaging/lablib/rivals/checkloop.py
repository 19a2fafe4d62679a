#!/usr/bin/python3
"""A check loop in the way of anycast_healthchecker: for each service a command is run every `interval`
seconds; after `fail` failures in a row its prefixes leave a file that BIRD includes, after `rise` successes
they come back, and BIRD is told to read it (`birdc configure`).

usage: checkloop.py SETTINGS.json
"""

import json
import os
import subprocess
import sys
import threading
import time

lock = threading.Lock()
announced: dict[str, bool] = {}


def write(settings: dict) -> None:
    """Called with the lock held."""
    text = ''
    for family, name in (('v4', 'ANNOUNCED_V4'), ('v6', 'ANNOUNCED_V6')):
        prefixes = [prefix for service in settings['services'] if announced[service['name']]
                    for prefix in service[family]]
        # BIRD 2 knows no empty set: a documentation prefix, that nothing has, stands for it.
        nothing = '192.0.2.255/32' if family == 'v4' else '2001:db8::ffff/128'
        text += f'define {name} = [ {", ".join(prefixes or [nothing])} ];\n'
    fresh = settings['file'] + '.new'
    with open(fresh, 'w', encoding='ascii') as file:
        file.write(text)
    os.replace(fresh, settings['file'])
    subprocess.run(['birdc', '-s', settings['bird_socket'], 'configure'], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False, timeout=10)


def is_good(service: dict, timeout: float) -> bool:
    try:
        done = subprocess.run(['sh', '-c', service['command']], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False, timeout=timeout)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def watch(service: dict, settings: dict) -> None:
    count = 0                                        # results in a row against what is announced
    while True:
        begin = time.monotonic()
        good = is_good(service, settings['timeout'])
        with lock:
            up = announced[service['name']]
            count = count + 1 if good != up else 0
            if count >= settings['rise' if good else 'fail']:
                announced[service['name']], count = good, 0
                write(settings)
        time.sleep(max(0, settings['interval'] - (time.monotonic() - begin)))


def main() -> None:
    with open(sys.argv[1], encoding='utf-8') as file:
        settings = json.load(file)
    for service in settings['services']:
        announced[service['name']] = False
    with lock:
        write(settings)
    threads = [threading.Thread(target=watch, args=(service, settings)) for service in settings['services']]
    for thread in threads:
        thread.start()


if __name__ == '__main__':
    main()
