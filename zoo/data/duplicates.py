"""Duplicate examples: within a split, and across splits, where they are leaks."""

import zlib
from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from zoo.data.findings import NAMED, Finding
from zoo.data.scans import Scan

LEAK_SHARE = 0.005  # of a split; a score cannot be off by more than the share that leaks
NEAR_DIFFERENCE = 6.0  # mean absolute difference of thumbnails, in levels of 0..255
NEAR_PAIRS_LIMIT = 5_000_000_000  # about a minute on two cores
NEAR_JACCARD = 0.9  # of two texts: shared sequences of five characters, of all that they have
COMPARED_LIMIT = 1_000_000  # pairs of texts, about half a minute
PASSAGE_WORDS = 13  # as many as Brown et al. take for an overlap (2005.14165, appendix C)

_ROWS = 256  # thumbnails compared at once
_GRAM = 5  # characters
_BUCKETS = 2**20  # in which shingles are counted


def repeats(scan: Scan) -> list[Finding]:
    """Look for examples that repeat another of the same split."""
    groups = [members for members in scan.digests.values() if len(members) > 1]
    if not groups:
        return []
    at_odds = sum(any(scan.at_odds(g[0], scan, other) for other in g[1:]) for g in groups)
    extra = sum(len(members) - 1 for members in groups)
    message = f"{extra} {scan.looks.word} of {scan.name} repeat another of {scan.name}"
    return [
        Finding(
            check="duplicates_within_split",
            severity="warning" if at_odds else "note",
            count=extra,
            message=message + (f"; {at_odds} group(s) carry different labels." if at_odds else "."),
            examples=tuple(" = ".join(scan.names(g[:3])) for g in groups[:NAMED]),
            fix="keep one of each" + (", with the right label" if at_odds else ""),
        )
    ]


def leaks(held: Scan, other: Scan) -> list[Finding]:
    """Look for examples of `held`, which should be held out, in `other`."""
    findings = []
    same = {
        index: other.digests[digest][0]
        for digest, members in held.digests.items()
        if digest in other.digests
        for index in members
    }
    word = held.looks.word
    if same:
        at_odds = sum(held.at_odds(i, other, j) for i, j in same.items())
        labels = f", {at_odds} of them with another label" if at_odds else ""
        share = len(same) / len(held.split)
        findings.append(
            Finding(
                check="duplicates_across_splits",
                severity="error" if share >= LEAK_SHARE else "warning",
                count=len(same),
                message=f"{len(same)} {word} of {held.name} ({share:.2%}) are in {other.name} too"
                f"{labels}.",
                examples=_pairs(held, other, same, "="),
                fix=f"remove them from {other.name}",
            )
        )
    search = near_thumbnails if held.looks.least_correlation else near_texts
    near = search(held, other)
    if near is None:
        return [*findings, _not_searched(held, other)]
    near = {i: j for i, j in near.items() if i not in same}
    if near:
        share = len(near) / len(held.split)
        verb = held.looks.verb
        findings.append(
            Finding(
                check="near_duplicates_across_splits",
                severity="error" if share >= LEAK_SHARE else "warning",
                count=len(near),
                message=f"{len(near)} {word} of {held.name} ({share:.2%}) {verb} almost like one "
                f"of {other.name}.",
                examples=_pairs(held, other, near, "~"),
                fix=f"look at them; remove from {other.name} those that are the same thing",
            )
        )
    return findings


def near_thumbnails(held: Scan, other: Scan) -> dict[int, int] | None:
    """Return the example of `other` whose thumbnail correlates most, where it is near enough.

    Returns:
        position in `held` to position in `other`; None where there are too many pairs.
    """
    if not held.signatures or not other.signatures:
        return {}
    if len(held.signatures) * len(other.signatures) > NEAR_PAIRS_LIMIT:
        return None
    mine, theirs = (np.stack(list(scan.signatures.values())) for scan in (held, other))
    my_places, their_places = list(held.signatures), list(other.signatures)
    theirs_unit = _standardised(theirs)  # (M, 256)
    found = {}
    for start in range(0, len(mine), _ROWS):
        rows = mine[start : start + _ROWS]
        correlation = _standardised(rows) @ theirs_unit.T  # (rows, M)
        best = correlation.argmax(axis=1)
        gap = np.abs(rows.astype("float32") - theirs[best]).mean(axis=1)
        alike = correlation[np.arange(len(rows)), best] >= held.looks.least_correlation
        for row in np.flatnonzero(alike & (gap <= NEAR_DIFFERENCE)):
            found[my_places[start + row]] = their_places[best[row]]
    return found


def near_texts(held: Scan, other: Scan) -> dict[int, int] | None:
    """Return the text of `other` that shares most, where the two share `NEAR_JACCARD`.

    Nothing is missed: of two texts that share so much, the rarest tenth of their shingles, in one
    order for all, have at least one in common (prefix filtering; Chaudhuri et al. 2006), so only
    texts that share one of these are compared.

    Returns:
        position in `held` to position in `other`; None where too many had to be compared.
    """
    mine, theirs = ({i: shingles(text) for i, text in s.signatures.items()} for s in (held, other))
    rarity = np.zeros(_BUCKETS, "int64")
    for grams in (*mine.values(), *theirs.values()):
        rarity[grams % _BUCKETS] += 1
    index: dict[int, list[int]] = defaultdict(list)
    for place, grams in theirs.items():
        for gram in _prefix(grams, rarity):
            index[gram].append(place)
    found, compared = {}, 0
    for place, grams in mine.items():
        best = NEAR_JACCARD
        for candidate in dict.fromkeys(j for g in _prefix(grams, rarity) for j in index.get(g, ())):
            other_grams = theirs[candidate]
            shorter, longer = sorted((len(grams), len(other_grams)))
            if shorter < best * longer:
                continue
            compared += 1
            shared = len(np.intersect1d(grams, other_grams, assume_unique=True))
            jaccard = shared / (shorter + longer - shared)
            if jaccard > best or (jaccard == best and place not in found):
                best, found[place] = jaccard, candidate
            if best == 1:
                break
        if compared > COMPARED_LIMIT:
            return None
    return found


def shingles(text: str) -> np.ndarray:
    """Return the distinct sequences of five characters as sorted numbers, uint64 (N,).

    >>> len(shingles("abcdef")), len(shingles("ab"))
    (2, 1)
    """
    codes = np.frombuffer(text.ljust(_GRAM).encode("utf-32-le"), "<u4").astype("uint64")
    return np.unique(_sequences(codes, _GRAM))


def passages(held: Scan, other: Scan) -> list[Finding]:
    """Look for sequences of 13 words of `held` in `other`: of documents, parts may leak."""
    there = [_word_sequences(text)[1] for text in other.signatures.values()]
    known = np.unique(np.concatenate(there)) if there else np.array([], "uint64")
    total, common, examples = 0, 0, []
    for index, text in held.signatures.items():
        words, sequences = _word_sequences(text)
        hits = np.isin(sequences, known)
        total, common = total + len(sequences), common + int(hits.sum())
        if hits.any() and len(examples) < NAMED:
            first = int(hits.argmax())
            quoted = " ".join(words[first : first + PASSAGE_WORDS])
            examples.append(f"{held.names([index])[0]}: {quoted}")
    if not common:
        return []
    share = common / total
    return [
        Finding(
            check="passages_across_splits",
            severity="error" if share > 0.5 else "warning" if share >= LEAK_SHARE else "note",
            count=common,
            message=f"{common} of {total} sequences of {PASSAGE_WORDS} words of {held.name} "
            f"({share:.2%}) are in {other.name} too.",
            examples=tuple(examples),
            fix=f"remove what is repeated from {other.name}",
        )
    ]


def _word_sequences(text: str) -> tuple[list[str], np.ndarray]:
    words = text.split()
    ids = np.array([zlib.crc32(word.encode()) for word in words], "uint64")
    return words, _sequences(ids, PASSAGE_WORDS)


def _sequences(values: np.ndarray, length: int) -> np.ndarray:
    """Return one number for each run of `length` values, uint64 (N - length + 1,)."""
    count = max(0, len(values) - length + 1)
    mixed = np.zeros(count, "uint64")
    for k in range(length):
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + values[k : k + count]  # modulo 2**64
        mixed ^= mixed >> np.uint64(29)
    return mixed


def _prefix(grams: np.ndarray, rarity: np.ndarray) -> list[int]:
    """Return the rarest shingles, of which a near text must have one."""
    keep = len(grams) - int(np.ceil(NEAR_JACCARD * len(grams) - 1e-9)) + 1
    return grams[np.lexsort((grams, rarity[grams % _BUCKETS]))[:keep]].tolist()


def _pairs(held: Scan, other: Scan, pairs: Mapping[int, int], sign: str) -> tuple[str, ...]:
    shown = list(pairs)[:NAMED]
    left, right = held.names(shown), other.names([pairs[i] for i in shown])
    return tuple(f"{a} {sign} {b}" for a, b in zip(left, right, strict=True))


def _not_searched(held: Scan, other: Scan) -> Finding:
    return Finding(
        check="near_duplicates_across_splits",
        severity="note",
        count=0,
        message=f"{held.name} and {other.name} are too large to search for near duplicates.",
        examples=(),
        fix="check a part of the data set",
    )


def _standardised(thumbnails: np.ndarray) -> np.ndarray:
    values = thumbnails.astype("float32")
    values -= values.mean(axis=1, keepdims=True)
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)
