"""Short vowels where a script leaves them out, by the shape of syllables."""

from collections.abc import Sequence

# The commonest of those that are not written.
_FILLER = "a"


def with_short_vowels(sounds: Sequence[tuple[str, bool]]) -> str:
    """The sounds, given with whether they are vowels, run together.

    After a consonant that no vowel follows stands a short one, unless it closes the
    syllable of the vowel before it: m-h-m-d is `mahmad`.
    """
    said = ""
    opened = False
    for at, (sound, vowel) in enumerate(sounds):
        said += sound
        left = len(sounds) - at - 1
        if vowel or not left or sounds[at + 1][1]:
            opened = vowel
        elif opened and left > 1:
            opened = False
        else:
            said += _FILLER
            opened = True
    return said
