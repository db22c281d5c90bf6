"""Amounts in the reference currency, by a fixed table.

The table is part of the feature definitions: a rate that moved by itself would move every
feature under a trained model. It is therefore versioned, rounded, and changed only with
the feature set. It is for comparing amounts, never for settlement.
"""

from fraud_shared.contracts.iso import CURRENCY_EXPONENT

REFERENCE_CURRENCY = "EUR"
RATES_VERSION = "2024.12"

# Units of each currency for one euro, three significant digits, end of 2024.
_PER_EURO = """
AED 3.82 AFN 73 ALL 98.5 AMD 413 ANG 1.87 AOA 950 ARS 1070 AUD 1.67 AWG 1.87 AZN 1.77
BAM 1.96 BBD 2.08 BDT 124 BGN 1.96 BHD .392 BIF 3060 BMD 1.04 BND 1.41 BOB 7.18 BOV 7.18
BRL 6.43 CHE 1 CHW .941 CLF .027 COU 12.2 MXV 2.59 USN 1.04 UYW 26.9 XAD .266
BSD 1.04 BTN 88.9 BWP 14.5 BYN 3.4 BZD 2.09 CAD 1.49 CDF 2980 CHF .941 CLP 1030 CNY 7.58
COP 4580 CRC 527 CUP 24.9 CVE 110 CZK 25.2 DJF 185 DKK 7.46 DOP 63.3 DZD 141 EGP 52.8
ERN 15.6 ETB 131 EUR 1 FJD 2.41 FKP .829 GBP .829 GEL 2.91 GHS 15.3 GIP .829 GMD 74.8
GNF 8970 GTQ 8 GYD 217 HKD 8.07 HNL 26.4 HTG 136 HUF 411 IDR 16800 ILS 3.79 INR 88.9
IQD 1360 IRR 43700 ISK 144 JMD 162 JOD .737 JPY 163 KES 134 KGS 90.4 KHR 4170 KMF 492
KPW 935 KRW 1530 KWD .32 KYD .866 KZT 545 LAK 22700 LBP 93000 LKR 304 LRD 189 LSL 19.6
LYD 5.1 MAD 10.5 MDL 19.2 MGA 4880 MKD 61.5 MMK 2180 MNT 3530 MOP 8.31 MRU 41.4 MUR 48.9
MVR 16 MWK 1800 MXN 21.6 MYR 4.65 MZN 66.4 NAD 19.6 NGN 1610 NIO 38.2 NOK 11.8 NPR 142
NZD 1.85 OMR .4 PAB 1.04 PEN 3.9 PGK 4.2 PHP 60.3 PKR 289 PLN 4.28 PYG 8110 QAR 3.78
RON 4.97 RSD 117 RUB 115 RWF 1440 SAR 3.9 SBD 8.7 SCR 14.8 SDG 625 SEK 11.5 SGD 1.42
SHP .829 SLE 23.7 SOS 594 SRD 36.5 SSP 4080 STN 24.5 SVC 9.09 SYP 13500 SZL 19.6 THB 35.7
TJS 11.3 TMT 3.64 TND 3.31 TOP 2.48 TRY 36.7 TTD 7.06 TWD 34.1 TZS 2520 UAH 43.7 UGX 3820
USD 1.04 UYI 7.4 UYU 45.5 UZS 13400 VED 54 VES 54 VND 26500 VUV 124 WST 2.9 XAF 656 XCD 2.81
XCG 1.87 XOF 656 XPF 119 YER 260 ZAR 19.6 ZMW 29 ZWG 26.8
"""


def _ratios() -> dict[str, tuple[int, int]]:
    words = _PER_EURO.split()
    ratios = {}
    for code, rate in zip(words[::2], words[1::2], strict=True):
        milli_units = round(float(rate) * 1000)
        ratios[code] = (100_000, milli_units * 10 ** CURRENCY_EXPONENT[code])
    return ratios


# (numerator, denominator) that turn minor units of a currency into euro cents.
RATIOS: dict[str, tuple[int, int]] = _ratios()


def to_reference(amount_minor: int, currency: str) -> int:
    """Euro cents for an amount in minor units of `currency`, rounded half up.

    Integer arithmetic throughout, so that every executor gets the same number.
    """
    numerator, denominator = RATIOS[currency]
    if numerator == denominator:
        return amount_minor
    return (amount_minor * numerator * 2 + denominator) // (2 * denominator)
