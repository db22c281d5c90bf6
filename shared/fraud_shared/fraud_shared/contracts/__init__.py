"""Messages of the mesh: the only nouns that services share.

Nothing here imports more than pydantic and the standard library. Each model is frozen,
forbids unknown fields and NaN, and bounds every string and list.
"""
