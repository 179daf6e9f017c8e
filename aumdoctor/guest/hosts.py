"""Which machine a record belongs to.

What `aumdoctor probe` kept says by resource id of which machine it is, and belongs to that one whatever computers it
names: two ids are never one machine. Else a record whose artefact names a computer belongs to that one. Any other
belongs, in this order, to

1. the machine that the person named for it (`NAME=PATH`);
2. the one computer that the records of its own file name;
3. its folder, where the folders beside it are a machine each: each names another computer, or they hold the same kinds
   of artefacts (`node1/…`, `node2/…`) and none names the computer of another;
4. the computer whose name stands in the name of the file (`reg-ts01.txt`);
5. the one computer that is named below the nearest folder above it that names any;
6. the machine without a name.

Names are one where they differ only in case or domain (`TS01`, `ts01.contoso.local`), as long as no two domains have
that name, and where one is the other cut to the 15 characters of NetBIOS. A machine that was renamed stays one: an
event log of one channel with rising record numbers in which one name follows the other and the first does not come
back (of an exported log only where the first is one that setup makes up). A path that the person named, and that names
one computer only, is that machine under the person's name.

Paths that nobody named count as one tree, so that single files given one by one are one machine, like their folder.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from aumdoctor.model import ids
from aumdoctor.model.guest import Case, Event, Host, Reading, Record, Source

_NOBODY = {"", "-", "localhost", "unknown", "n/a", "minint", "minwinpc"}
_NETBIOS = 15
_NUMBERS = re.compile(r"[\d.]+|[0-9a-f:]*:[0-9a-f:.]*")
_PACKED = re.compile(r"(?:\.(?:zip|tar|gz|bz2|xz|tgz|tbz2?|txz))+$", re.IGNORECASE)

_NO_MACHINE = re.compile(
    r"microsoft\..*|.*\d+\.\d+.*|\d{2,4}[-_.]?\d\d.*|v?\d+|c|(?:before|after|old|new|backup)[-_ ]?\d*|"
    r"logs?|config|status|events?|commands?|outputs?|runtimesettings|windows.*|programdata|program files.*|packages|"
    r"plugins|system32|winevt|var|etc|lib|opt|run|usr|tmp|home|root|waagent|azure|linux",
    re.IGNORECASE,
)
"""Names of folders that no machine is called by: those of the systems, versions, dates."""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of one artefact. `given` is the machine that the person named for it, `machine` the resource id
    that the probe wrote beside it."""

    source: Source
    records: tuple[Record, ...] = ()
    given: str = ""
    machine: str = ""


class KnownHost(Host, frozen=True, kw_only=True):
    """A machine that the probe asked, with its resource id."""

    resource_id: str


def labels(machines: Iterable[str]) -> dict[str, str]:
    """What machines are called, by their resource ids: their names, with the resource group where two share one, and
    the subscription where that does not do."""
    machines = tuple(machines)
    shared = Counter(ids.name_of(machine).lower() for machine in machines)
    called: dict[str, str] = {}
    for machine in machines:
        name = ids.name_of(machine)
        if shared[name.lower()] > 1:
            name = f"{name}.{ids.resource_group_of(machine)}"
        if name.lower() in (other.lower() for other in called.values()):
            name = f"{name}.{ids.subscription_of(machine)}"
        called[machine] = name
    return called


def same_machine(one: str, other: str) -> bool:
    """Whether two names can be those of one machine: case and domain make no difference, where one has none."""
    one, other = _plain(one), _plain(other)
    if not one or not other:
        return False
    if one == other:
        return True
    if "." in one and "." in other and not _is_address(one) and not _is_address(other):
        return False
    short, other_short = _short(one), _short(other)
    return short == other_short or _is_cut(short, other_short) or _is_cut(other_short, short)


def by_machine(reads: Sequence[Read]) -> Case:
    """The records of all artefacts, each at exactly one machine, in the order in which they were read.

    What no reader knows, and sources whose machine is not known, stay with the case.
    """
    names = _Names(reads)
    trees: dict[str, list[Read]] = defaultdict(list)
    for read in reads:
        trees[names.given(read)].append(read)
    places: dict[str, str] = {}
    for given, those in trees.items():
        places |= {read.source.file: given for read in those} if given else _Tree(those, names).places()

    records: dict[str, list[Record]] = {}
    sources: dict[str, list[Source]] = defaultdict(list)
    rest: list[Source] = []
    for read in reads:
        own: dict[str, int] = {}
        for record in read.records:
            machine = names.of(record.computer, read) or places[read.source.file]
            records.setdefault(machine, []).append(record)
            own[machine] = own.get(machine, 0) + 1
        for machine, count in own.items():
            sources[machine].append(msgspec.structs.replace(read.source, records=count))
        if not own:
            machine = places[read.source.file]
            if read.source.reading == Reading.UNRECOGNISED or not machine:
                rest.append(read.source)
            else:
                records.setdefault(machine, [])
                sources[machine].append(read.source)
    hosts = [
        Host(name=names.shown(machine), records=tuple(those), sources=tuple(sources[machine]))
        if machine not in names.resources
        else KnownHost(
            name=names.shown(machine),
            records=tuple(those),
            sources=tuple(sources[machine]),
            resource_id=names.resources[machine],
        )
        for machine, those in records.items()
    ]
    return Case(hosts=tuple(hosts), sources=tuple(rest))


class _Names:
    """The names of computers, brought to one for each machine."""

    def __init__(self, reads: Sequence[Read]) -> None:
        self._spelling: dict[str, str] = {}
        for read in reads:
            for name in (read.given, *dict.fromkeys(record.computer for record in read.records)):
                plain = _plain(name)
                if plain and plain not in self._spelling:
                    self._spelling[plain] = name.strip().rstrip(".")
        self._key = _joined(self._spelling)
        renamed = {self._key[old]: self._key[new] for read in reads for old, new in _renamings(read, self._key)}
        for plain, key in self._key.items():
            self._key[plain] = _followed(key, renamed)
        self.resources: dict[str, str] = {}
        for read in reads:
            if read.machine:
                self.resources.setdefault(ids.key(read.machine), read.machine)
        self._labels = {ids.key(machine): label for machine, label in labels(self.resources.values()).items()}
        self._known = self._known_by_the_probe(reads)
        self._alias: dict[tuple[str, str], str] = {}
        self._persons = self._named_by_the_person(reads)

    def _known_by_the_probe(self, reads: Sequence[Read]) -> dict[str, str]:
        """The resource a computer is, where one alone has its name or says that it has."""
        owners: dict[str, set[str]] = defaultdict(set)
        for read in reads:
            if read.machine:
                for name in (ids.name_of(read.machine), *{record.computer for record in read.records}):
                    owners[_short(_plain(name))].add(ids.key(read.machine))
        shorts: dict[str, set[str]] = defaultdict(set)
        keys: dict[str, set[str]] = defaultdict(set)
        for plain, key in self._key.items():
            shorts[key].add(_short(plain))
            keys[_short(plain)].add(key)
        return {
            key: next(iter(owners[short]))
            for key, (short, *others) in shorts.items()
            if not others and len(keys[short]) == 1 and len(owners[short]) == 1
        }

    def _named_by_the_person(self, reads: Sequence[Read]) -> dict[str, str]:
        """The one computer of a path that was named is the machine by that name: for that path, and elsewhere unless
        two were named so."""
        inside: dict[str, set[str]] = defaultdict(set)
        for read in reads:
            if read.given:
                inside[self.given(read)] |= {key for record in read.records if (key := self.key(record.computer))}
        named: dict[str, set[str]] = defaultdict(set)
        for given, keys in inside.items():
            if len(keys) == 1:
                (key,) = keys
                self._alias[given, key] = given
                named[key].add(given)
        return {key: next(iter(those)) for key, those in named.items() if len(those) == 1}

    def key(self, name: str) -> str:
        return self._key.get(_plain(name), "")

    def given(self, read: Read) -> str:
        key = self.key(read.given)
        return self._known.get(key, key)

    def of(self, computer: str, read: Read) -> str:
        """The machine of a record of an artefact, "" where neither it nor the artefact names one."""
        if read.machine:
            return ids.key(read.machine)
        key = self.key(computer)
        if not key:
            return ""
        return self._alias.get((self.given(read), key)) or self._persons.get(key) or self._known.get(key, key)

    def shown(self, key: str) -> str:
        """The name as it was written: the fullest of those that mean the machine."""
        if key in self._labels:
            return self._labels[key]
        if key not in self._key:
            return key
        same = [plain for plain, each in self._key.items() if each == key and same_machine(plain, key)]
        return self._spelling[max(same or [key], key=len)]


class _Tree:
    """Paths that nobody named, and the folders in which they lie."""

    def __init__(self, reads: Sequence[Read], names: _Names) -> None:
        self._reads = reads
        self._names = names
        self._folders: dict[str, tuple[str, ...]] = {}
        self._named: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self._kinds: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self._inside: dict[tuple[str, ...], dict[tuple[str, ...], None]] = defaultdict(dict)
        self._own: dict[str, set[str]] = {}
        self._lonely: set[tuple[str, ...]] = set()
        for read in reads:
            self._enter(read)
        self._all = set().union(*self._own.values()) if self._own else set()

    def _enter(self, read: Read) -> None:
        file = read.source.file
        parts = tuple(part for part in posixpath.normpath(file).split("/") if part)[:-1]
        own = {machine for record in read.records if (machine := self._names.of(record.computer, read))}
        own |= {ids.key(read.machine)} if read.machine else set()
        self._folders[file], self._own[file] = parts, own
        if not read.records:
            return
        self._lonely.add(parts)
        for depth in range(len(parts) + 1):
            folder = parts[:depth]
            self._named[folder] |= own
            self._kinds[folder].add(read.source.reader)
            if depth < len(parts):
                self._inside[folder][parts[: depth + 1]] = None

    def places(self) -> dict[str, str]:
        machines = self._machine_folders()
        return {read.source.file: self._place(read.source.file, machines) for read in self._reads}

    def _machine_folders(self) -> dict[tuple[str, ...], str]:
        """The folders that are a machine each, and which; none where all lies together."""
        folder: tuple[str, ...] = ()
        while len(self._inside[folder]) == 1 and folder not in self._lonely:
            (folder,) = self._inside[folder]
        below = list(self._inside[folder])
        if len(below) < 2:
            return {}
        named = [self._named[each] for each in below]
        each_has_one = all(len(each) == 1 for each in named)
        are_distinct = sum(map(len, named)) == len(set().union(*named))
        alike = all(len(each) <= 1 for each in named) and self._are_alike(below)
        if not are_distinct or not (each_has_one or alike):
            return {}
        return {each: self._machine_of(each) for each in below}

    def _are_alike(self, folders: list[tuple[str, ...]]) -> bool:
        if any(_NO_MACHINE.fullmatch(_unpacked(folder[-1])) for folder in folders):
            return False
        kinds = [self._kinds[folder] for folder in folders]
        commonest = max(kinds, key=len)
        return all(2 * len(each & commonest) >= len(each) > 0 for each in kinds)

    def _machine_of(self, folder: tuple[str, ...]) -> str:
        named = self._named[folder]
        if len(named) == 1:
            return next(iter(named))
        name = _unpacked(folder[-1])
        return next((key for key in sorted(self._all) if same_machine(key, name)), name)

    def _place(self, file: str, machines: dict[tuple[str, ...], str]) -> str:
        if len(self._own[file]) == 1:
            return next(iter(self._own[file]))
        folder = self._folders[file]
        for depth in range(len(folder), 0, -1):
            if folder[:depth] in machines:
                return machines[folder[:depth]]
        words = posixpath.basename(file).lower()
        meant = {key for key in self._all if _is_word_of(_short(key), words)}
        if len(meant) == 1:
            return next(iter(meant))
        for depth in range(len(folder), -1, -1):
            named = self._named[folder[:depth]]
            if named:
                return next(iter(named)) if len(named) == 1 else ""
        return ""


def _plain(name: str) -> str:
    plain = name.strip().rstrip(".").lower()
    return "" if plain in _NOBODY else plain


def _is_address(name: str) -> bool:
    return _NUMBERS.fullmatch(name) is not None


def _short(name: str) -> str:
    return name if _is_address(name) else name.partition(".")[0]


def _is_cut(cut: str, whole: str) -> bool:
    return len(cut) == _NETBIOS < len(whole) and whole.startswith(cut)


def _joined(names: Iterable[str]) -> dict[str, str]:
    """For each name the one that stands for its machine."""
    by_short: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_short[_short(name)].append(name)
    keys: dict[str, str] = {}
    for short, those in by_short.items():
        full = [name for name in those if name != short]
        for name in those:
            keys[name] = name if len(full) > 1 else (full or those)[0]
    wholes: dict[str, list[str]] = defaultdict(list)
    for short in by_short:
        if len(short) > _NETBIOS:
            wholes[short[:_NETBIOS]].append(short)
    for cut, those in wholes.items():
        # One machine only: two long names may have the same beginning.
        if (
            cut in by_short
            and len(those) == 1
            and len({keys[name] for name in (*by_short[cut], *by_short[those[0]])}) == 2
        ):
            target = keys[by_short[those[0]][0]]
            for name in by_short[cut]:
                keys[name] = target
    return keys


_EVENT_LOGS = ("evtx", "event-xml", "event-json")
_GIVEN_BY_SETUP = re.compile(r"(?:win|desktop)-[a-z0-9]{7,11}(?:\..*)?|minwinpc", re.IGNORECASE)


def _renamings(read: Read, keys: dict[str, str]) -> list[tuple[str, str]]:
    """Old and new names of the machine whose own event log this is. Of an export only names that setup makes up: it may
    have been put together from several machines."""
    file = posixpath.basename(read.source.file).lower()
    if read.source.reader not in _EVENT_LOGS or "forwarded" in file:
        return []
    events = [record for record in read.records if isinstance(record, Event) and _plain(record.computer)]
    numbers = [event.origin.record for event in events if event.origin.record is not None]
    if len({event.channel for event in events}) > 1 or len(numbers) < len(events) or numbers != sorted(numbers):
        return []
    order: list[str] = []
    for event in events:
        name = _plain(event.computer)
        if not order or keys[order[-1]] != keys[name]:
            order.append(name)
    if len({keys[name] for name in order}) < len(order):
        return []
    is_log = read.source.reader == "evtx"
    return [(old, new) for old, new in pairwise(order) if is_log or _GIVEN_BY_SETUP.fullmatch(old)]


def _followed(key: str, renamed: dict[str, str]) -> str:
    seen = {key}
    while key in renamed and renamed[key] not in seen:
        key = renamed[key]
        seen.add(key)
    return key


def _unpacked(folder: str) -> str:
    return _PACKED.sub("", folder.removesuffix("!"))


def _is_word_of(word: str, text: str) -> bool:
    at = text.find(word)
    if at < 0 or not word:
        return False
    before, after = text[at - 1 : at], text[at + len(word) : at + len(word) + 1]
    return not before.isalnum() and not after.isalnum()
