"""PostgreSQL and Redis for the demo, the tests and the benchmarks, run from the binaries of two wheels."""
