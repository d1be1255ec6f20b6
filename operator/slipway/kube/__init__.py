"""Everything that speaks to the Kubernetes API; objects come and go as the dicts that their JSON is."""
