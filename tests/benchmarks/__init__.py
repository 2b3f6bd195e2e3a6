"""The benchmarks' own bookkeeping; what they measure is no test."""
