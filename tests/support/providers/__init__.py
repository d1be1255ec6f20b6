"""Fake servers of the products whose own APIs are used, built from what their vendors document."""
