"""Makes a running engine answer wrong: changes octets of the image in its memory, as a bad memory cell
would. The mapping is read-only for the engine; root may write through /proc/PID/mem."""

from pathlib import Path


def corrupt_image(pid: int, old: bytes, new: bytes) -> int:
    """Replaces every `old` in the process's image by `new`; how many."""
    assert len(old) == len(new)
    count = 0
    with open(f'/proc/{pid}/mem', 'r+b', buffering=0) as memory:
        for begin, end in _image_ranges(pid):
            memory.seek(begin)
            octets = memory.read(end - begin)
            at = octets.find(old)
            while at >= 0:
                memory.seek(begin + at)
                memory.write(new)
                count += 1
                at = octets.find(old, at + 1)
    return count


def _image_ranges(pid: int) -> list[tuple[int, int]]:
    ranges = []
    for line in Path(f'/proc/{pid}/maps').read_text().splitlines():
        if '/memfd:imrs-image' in line:
            begin, end = line.split()[0].split('-')
            ranges.append((int(begin, 16), int(end, 16)))
    return ranges
