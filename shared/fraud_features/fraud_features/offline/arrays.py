"""What the kernels take: arrays that belong together, with their shapes and units.

Moments and lengths are microseconds of event time, amounts euro cents, places
micro-degrees. `rows` is the payments of a chunk in order of arrival, `entities` the codes of
one kind of entity; a code of -1 means that the payment has none. A kernel unpacks its tuples
before its loop.
"""

from typing import NamedTuple

from fraud_features.offline.jit import Codes, Flags, Floats, Ints

# A span or a number that nothing reaches.
UNLIMITED = 1 << 61


class Slots(NamedTuple):
    """Where a kernel writes.

    `values` (slots, rows) is filled with NaN before, which means unknown. The kernel owns
    the slots from `first` on.
    """

    values: Floats
    first: int


class Lists(NamedTuple):
    """Sorted lists of all entities (`regions.Regions`).

    `meta` (entities, 6 + hints): the columns `regions.BASE` to `HINTS`. `events` (places, 2):
    moment, and a number that the kernel defines. `used` (1,): places in use.
    """

    meta: Ints
    events: Ints
    used: Ints


class Windows(NamedTuple):
    """Windows over a list.

    `lengths` (windows,), longest first. Events further than `keep` behind an entity's newest
    do not matter; an entity has at most `cap` events (`UNLIMITED`: as many as there are). The
    windows end `delay` before the payment.
    """

    lengths: Ints
    keep: int
    cap: int = UNLIMITED
    delay: int = 0


class LogRows(NamedTuple):
    """Payments at a log, each array (rows,).

    `keys` codes, `t` moments, `moved` amounts, `admitted` whether the payment enters the
    log, `late` whether a newer one came before it, which the kernel writes.
    """

    keys: Codes
    t: Ints
    moved: Ints
    admitted: Flags
    late: Flags


class PeakRows(NamedTuple):
    """Payments at the maxima of a log, each array (rows,): `keys` codes, `t` moments, `moved`
    amounts, `late` whether the payment was late at the log. All enter."""

    keys: Codes
    t: Ints
    moved: Ints
    late: Flags


class Readers(NamedTuple):
    """Other keys under which a log is read after each payment.

    `keys` (readers, rows) codes; `lengths` (readers, most windows) longest first, of which
    the first `windows` (readers,) count; `slots` (readers,) first slot of each.
    """

    keys: Codes
    lengths: Ints
    windows: Ints
    slots: Ints


class FraudRows(NamedTuple):
    """Payments at a place, and the labels that begin to count between them.

    `keys`, `t` (rows,): codes and moments. `effects` (effects, 5) in order: row before which
    it counts, labelled payment, entity, moment of that payment, 1 for fraud. `counted`
    (labelled payments,): whether the payment is in a list; the kernel writes it.
    """

    keys: Codes
    t: Ints
    effects: Ints
    counted: Flags


class SeenRows(NamedTuple):
    """Payments at a seen set, each array (rows,): `keys` codes of owners, `values` codes of
    values, `t` moments, `late` whether the payment was late at the owner's log."""

    keys: Codes
    values: Codes
    t: Ints
    late: Flags


class Sets(NamedTuple):
    """Seen sets of all owners (`seen.SeenSets`).

    `owners` (owners, 5 + 2 * windows) and `links` (pairs, 5): the columns that `seen` names.
    `times` (pairs,): moment of the last sighting. `buckets` (a power of two,): first pair of
    each hash. `pool` (2,): first free pair, pairs in use.
    """

    owners: Ints
    links: Codes
    times: Ints
    buckets: Codes
    pool: Ints


class Distinct(NamedTuple):
    """What is counted in a seen set.

    `lengths` (windows,); `cap` values that a set holds at most; `ranks` (values,): place of
    each value in order of text, or (0,) while no tie has needed it.
    """

    lengths: Ints
    cap: int
    ranks: Ints


class ProfileRows(NamedTuple):
    """Payments of accounts, each array (rows,): `keys` codes, `t` moments, `moved` amounts,
    `hour` of the day (UTC), `lat` and `lon` (`profiles.MISSING`: no place)."""

    keys: Codes
    t: Ints
    moved: Ints
    hour: Ints
    lat: Ints
    lon: Ints


class ProfileState(NamedTuple):
    """Profiles: `state` (accounts, 10), the columns that `profiles` names; `hours`
    (accounts, 24): payments by hour of the day."""

    state: Ints
    hours: Codes
