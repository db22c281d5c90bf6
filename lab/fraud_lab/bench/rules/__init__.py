"""What rules cost: in the engine, and over HTTP beside a route that does nothing."""
