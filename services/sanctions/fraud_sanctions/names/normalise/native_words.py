"""Words of organisations in scripts that leave no space between words, put into English.

`深圳…国际贸易有限公司` is read as `shen zhen … international trading co ltd`. Only of
organisations: in a person's name the same characters are parts of the name.
"""

import re
import unicodedata
from functools import cache

from fraud_sanctions.names.wordlists import lines

# What tells that a name is of a company or another body.
_BODY = re.compile(
    "公司|集[团團]|商[行社]|[银銀]行|[会會]社|工[厂廠]|大[学學]|[研科][究学學]|中心|[协協]会|公安|委[员員]"
    "|회사|은행|총국|위원회|연구|인민|대학|협회|공장|บริษัท|ห้าง"
)
# No person's name is as long.
_LONG = re.compile("[\u3400-\u9fff]{6,}")
# After a place it says `city`, `province`, and is left out in other languages.
_CITY = re.compile("(?<=[\u4e00-\u9fff]{2})[市省](?=[\u4e00-\u9fff])")


@cache
def _known() -> tuple[re.Pattern[str], dict[str, str]]:
    parted = (line.partition(":") for line in lines("native_words"))
    # In the form that `unicode.clean` leaves: one Thai vowel comes apart there.
    found = {
        unicodedata.normalize("NFKC", word): english
        for english, _, rest in parted
        for word in rest.split()
    }
    longest_first = sorted(found, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), found


def in_english(text: str) -> str:
    """The text with such words of an organisation's name in English."""
    if not (_BODY.search(text) or _LONG.search(text)):
        return text
    pattern, english = _known()
    return pattern.sub(lambda m: f" {english[m.group()]} ", _CITY.sub("", text))
