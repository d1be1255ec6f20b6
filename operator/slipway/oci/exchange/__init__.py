"""Exchanges what a cloud knows us by, keys or an identity token, for what its registry takes."""
