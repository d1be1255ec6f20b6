"""The engine: store, queue, schedule, workers, outcomes, resync. It knows no kind and no client."""
