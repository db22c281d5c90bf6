"""Merchant category codes (ISO 18245) by how often stolen money leaves through them."""

# 3: as good as cash. 2: resold within hours, or bought with cards being tested.
# 1: dear or bought remotely. Everything else is 0.
_GROUPS: dict[int, str] = {
    3: "4829 6010 6011 6012 6050 6051 6211 6538 6540 7800 7801 7802 7995 9754",
    2: "5094 5732 5734 5815 5816 5817 5818 5944 5947 5962 5966 5967 5968 5993 7273 7994",
    1: "4511 4722 4812 4814 4816 5045 5122 5309 5311 5399 5691 5699 5712 5912 5964 5965"
    " 5969 5999 7011 7512 7922",
}
RISK_GROUP: dict[str, int] = {
    code: group for group, codes in _GROUPS.items() for code in codes.split()
}


# Airlines, car rental and hotels by brand.
BRANDS, BRANDS_GROUP = ("3000", "3999"), 1


def risk_group(mcc: str | None) -> int | None:
    """0 (ordinary) to 3 (as good as cash); None when the payment names no category."""
    if mcc is None:
        return None
    if BRANDS[0] <= mcc <= BRANDS[1]:
        return BRANDS_GROUP
    return RISK_GROUP.get(mcc, 0)
