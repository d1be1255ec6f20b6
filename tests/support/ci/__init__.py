"""Fake servers of the CI systems that build images, built from what their vendors document."""
