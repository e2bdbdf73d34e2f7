"""PostgreSQL and Redis for the demo, the tests and the benchmarks, started from the binaries in two wheels."""
