"""The currencies of ISO 4217 that are in use, by their codes."""

from __future__ import annotations

from watcher.words import Wrong, kind, nearest, quoted

CODES = tuple(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD
    CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP
    GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD
    KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN
    NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP
    SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES
    VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """.split()
)
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "฿": "THB", "₫": "VND", "RP": "IDR"}
_OTHERS = {"RMB": "CNY", "CNH": "CNY", "EURO": "EUR", "US": "USD", "DOLLAR": "USD", "NTD": "TWD"}


def currency(value: object) -> str:
    """A currency's code, in capitals."""
    if not isinstance(value, str):
        raise Wrong(f"takes the code of a currency, as USD, not {kind(value)}")
    code = value.strip().upper()
    if code in CODES:
        return code
    meant = _SIGNS.get(code) or _OTHERS.get(code)
    hint = f', did you mean "{meant}"?' if meant else nearest(code, CODES, 1)
    raise Wrong(f"{quoted(value)} is no currency{hint or ': write its code of ISO 4217, as USD'}")
