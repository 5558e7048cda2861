"""What generates documents, pictures and benchmarks."""
