"""What the engine costs: suspended Warehouses on a real API server, beside a plain client (`make bench`)."""
