"""The four kinds: what is read, decided and done for each of them, one package per kind."""
