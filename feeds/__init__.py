"""Product feeds: bytes of a shop's feed -> products (`read`), what changed (`differ`), the workers' `store`.

All of it is pure but `fetch` (HTTP) and `store` (a local file). A feed format is one file of `feeds/formats/`.
"""
