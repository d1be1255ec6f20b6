"""The products behind registries: each lists repositories and tags in as few requests as it allows."""
