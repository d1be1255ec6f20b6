"""The engine: store, queue, schedule, workers, outcomes, resync, Lease. It knows no kind and no client."""
