"""Who of many images may build now: one limit for the cluster, priorities, namespaces in their turn."""
